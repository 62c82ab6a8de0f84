// CUDA C as C++17: the kernels of netproto/ops/cuda compiled by g++ and launched on the CPU.
//
// A kernel that meets no barrier runs its threads one after another; one that does has a fiber for each thread of a block. Threads and blocks
// run forwards, backwards or shuffled, so that what depends on their order shows. Shared memory is NaN before a block begins. A barrier that
// only some threads of a block reach is an error.
#pragma once
#include <setjmp.h>
#include <ucontext.h>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <type_traits>
#include <utility>
#include <vector>

#define __global__
#define __device__
#define __forceinline__ inline
#define __restrict__ __restrict
#define __shared__ static __attribute__((section("cuda_shared"), aligned(16)))

struct Dim { unsigned x, y, z; };
static Dim threadIdx, blockIdx, blockDim, gridDim;
static inline int min(int a, int b) { return a < b ? a : b; }
static inline int max(int a, int b) { return a > b ? a : b; }
static inline unsigned __umulhi(unsigned a, unsigned b) { return (unsigned)(((uint64_t)a * b) >> 32); }
static inline float __int_as_float(int bits) {
  float value;
  memcpy(&value, &bits, 4);
  return value;
}

extern "C" {
extern char __start_cuda_shared[] __attribute__((weak));
extern char __stop_cuda_shared[] __attribute__((weak));
}

namespace shim {

enum State { READY, WAITING, DONE };

struct Fiber {
  ucontext_t context;
  jmp_buf here;
  State state;
  bool begun;
  std::vector<char> stack = std::vector<char>(1 << 14);
};

static char error[256];
static std::vector<Fiber> fibers;
static Fiber* running;
static jmp_buf scheduler;
static ucontext_t scheduler_context;
static void (*body)();
static bool has_fibers;

static void fiber_main() {
  body();
  running->state = DONE;
  _longjmp(scheduler, 1);
}

static void resume(Fiber& fiber) {
  running = &fiber;
  if (_setjmp(scheduler)) return;
  if (fiber.begun) _longjmp(fiber.here, 1);
  fiber.begun = true;
  swapcontext(&scheduler_context, &fiber.context);
}

static void barrier() {
  if (!has_fibers) {
    snprintf(error, sizeof error, "a barrier in a kernel whose source shows none");
    return;
  }
  running->state = WAITING;
  if (!_setjmp(running->here)) _longjmp(scheduler, 1);
}

static unsigned place(unsigned k, unsigned count, int order) {
  if (order == 0) return k;
  if (order == 1) return count - 1 - k;
  unsigned step = 7919;
  while (count % step == 0) ++step;
  return (unsigned)(((uint64_t)k * step + 5) % count);
}

static bool run_fibers(unsigned threads, int order) {
  if (fibers.size() < threads) fibers.resize(threads);
  for (unsigned t = 0; t < threads; ++t) {
    Fiber& fiber = fibers[t];
    fiber.state = READY;
    fiber.begun = false;
    getcontext(&fiber.context);
    fiber.context.uc_stack.ss_sp = fiber.stack.data();
    fiber.context.uc_stack.ss_size = fiber.stack.size();
    fiber.context.uc_link = nullptr;
    makecontext(&fiber.context, fiber_main, 0);
  }
  for (;;) {
    unsigned done = 0;
    for (unsigned k = 0; k < threads; ++k) {
      const unsigned t = place(k, threads, order);
      threadIdx = {t, 0, 0};
      resume(fibers[t]);
      done += fibers[t].state == DONE;
    }
    if (done == threads) return true;
    if (done) {
      snprintf(error, sizeof error, "__syncthreads: %u of %u threads of block %u never reach it", done, threads, blockIdx.x);
      return false;
    }
  }
}

template <class... A, size_t... I>
void call(void (*kernel)(A...), void** arguments, std::index_sequence<I...>) {
  kernel(*(std::remove_reference_t<A>*)arguments[I]...);
}

template <class... A>
struct Launch {
  static inline void (*kernel)(A...);
  static inline void** arguments;
  static void one() { call(kernel, arguments, std::index_sequence_for<A...>{}); }
};

template <class... A>
const char* launch(void (*kernel)(A...), unsigned blocks, unsigned threads, void** arguments, bool synchronising, int order) {
  error[0] = 0;
  Launch<A...>::kernel = kernel;
  Launch<A...>::arguments = arguments;
  body = Launch<A...>::one;
  has_fibers = synchronising;
  gridDim = {blocks, 1, 1};
  blockDim = {threads, 1, 1};
  for (unsigned k = 0; k < blocks && !error[0]; ++k) {
    blockIdx = {place(k, blocks, order), 0, 0};
    if (__start_cuda_shared) memset(__start_cuda_shared, 0xFF, __stop_cuda_shared - __start_cuda_shared);
    if (synchronising) {
      if (!run_fibers(threads, order)) break;
      continue;
    }
    for (unsigned t = 0; t < threads; ++t) {
      threadIdx = {place(t, threads, order), 0, 0};
      body();
    }
  }
  return error;
}

// What a kernel takes: "f4*" is an array of float, "i4" an int.
template <class T>
void describe_one(char* out) {
  using Value = std::remove_cv_t<std::remove_pointer_t<std::remove_cv_t<T>>>;
  const char kind = std::is_floating_point<Value>::value ? 'f' : std::is_signed<Value>::value ? 'i' : 'u';
  sprintf(out + strlen(out), "%c%d%s ", kind, (int)sizeof(Value), std::is_pointer<T>::value ? "*" : "");
}

template <class... A>
const char* describe(void (*)(A...)) {
  static char out[512];
  out[0] = 0;
  (describe_one<A>(out), ...);
  return out;
}

}  // namespace shim

static inline void __syncthreads() { shim::barrier(); }
