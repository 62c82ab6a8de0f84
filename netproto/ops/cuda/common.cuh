// What all kernels share. One source for NVRTC, and for g++ through tests/gpu/shim: no headers, no std::.
// Kernels whose first parameter is n take one thread for an element, in grid-stride loops; the launcher keeps n below 2^31 - 2^24.
// Kernels without one take a block of THREADS for each row, channel or part, as their first line says.
#define THREADS 256
#define EACH(i, n) for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < (n); i += blockDim.x * gridDim.x)

typedef unsigned int u32;
typedef unsigned long long u64;

static __device__ float not_a_number() { return __int_as_float(0x7fffffff); }

// What a ReLU makes of x, NaN being left as it is; a slope of 1 leaves everything as it is.
static __device__ float rectified(float x, float slope) { return x > 0.f || x != x ? x : slope == 0.f ? 0.f : slope * x; }

// The sum over a block of THREADS, in every thread. The order of the additions is fixed.
static __device__ float block_sum(float value) {
  __shared__ float part[THREADS];
  part[threadIdx.x] = value;
  __syncthreads();
  for (int reach = THREADS / 2; reach > 0; reach >>= 1) {
    if (threadIdx.x < reach) part[threadIdx.x] += part[threadIdx.x + reach];
    __syncthreads();
  }
  value = part[0];
  __syncthreads();
  return value;
}

// The largest over a block of THREADS, in every thread.
static __device__ float block_max(float value) {
  __shared__ float part[THREADS];
  part[threadIdx.x] = value;
  __syncthreads();
  for (int reach = THREADS / 2; reach > 0; reach >>= 1) {
    if (threadIdx.x < reach) part[threadIdx.x] = fmaxf(part[threadIdx.x], part[threadIdx.x + reach]);
    __syncthreads();
  }
  value = part[0];
  __syncthreads();
  return value;
}

// A number that is given, or that lies in device memory, where a graph that was captured reads what it is by now.
static __device__ float given(const float value, const float* at) { return at ? *at : value; }

// The ordinal of a draw: in a graph that of the pass it was captured in, `later` passes on.
static __device__ u64 drawn(const u64 ordinal, const u64* later) { return later ? ordinal + *later : ordinal; }

struct Words { u32 at[4]; };

// Philox 4x32-10: the four words of one block of a draw, as netproto/ops/reference/rng.py has them.
static __device__ Words philox(u64 block, u64 key, u64 ordinal) {
  u32 a = (u32)block, b = (u32)(block >> 32), c = (u32)ordinal, d = (u32)(ordinal >> 32);
  u32 k0 = (u32)key, k1 = (u32)(key >> 32);
  for (int round = 0; round < 10; ++round) {
    const u32 first_high = __umulhi(0xD2511F53u, a), first_low = 0xD2511F53u * a;
    const u32 second_high = __umulhi(0xCD9E8D57u, c), second_low = 0xCD9E8D57u * c;
    a = second_high ^ b ^ k0;
    b = second_low;
    c = first_high ^ d ^ k1;
    d = first_low;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  Words words = {{a, b, c, d}};
  return words;
}
