// Rectifiers, dropout, and sums. Caffe: relu_layer.cu, dropout_layer.cu.
extern "C" {

__global__ void relu(const int n, const float* x, const float slope, float* y) {
  EACH(i, n) y[i] = rectified(x[i], slope);
}

__global__ void relu_backward(const int n, const float* x, const float* dy, const float slope, float* dx) {
  EACH(i, n) dx[i] = dy[i] * (x[i] > 0.f ? 1.f : slope);
}

// mask = 1 where the element's word is `least` or more, y = x * mask * factor. n: blocks of four elements, of `size` in all.
__global__ void dropout(const int n, const int size, const float* x, const u64 least, const float factor, const u64 key, const u64 ordinal,
    const u64* later, float* y, unsigned char* mask) {
  EACH(block, n) {
    const Words words = philox((u64)block, key, drawn(ordinal, later));
    for (int j = 0; j < 4 && 4 * block + j < size; ++j) {
      const int i = 4 * block + j;
      const bool kept = words.at[j] >= least;
      mask[i] = kept;
      y[i] = kept ? x[i] * factor : x[i] * 0.f;
    }
  }
}

__global__ void dropout_backward(const int n, const float* dy, const unsigned char* mask, const float factor, float* dx) {
  EACH(i, n) dx[i] = dy[i] * (float)mask[i] * factor;
}

// out = the first words of a draw. n: blocks of four, of `size` words in all.
__global__ void random_words(const int n, const int size, const u64 key, const u64 ordinal, const u64* __restrict__ later,
    u32* __restrict__ out) {
  EACH(block, n) {
    const Words words = philox((u64)block, key, drawn(ordinal, later));
    for (int j = 0; j < 4 && 4 * block + j < size; ++j) out[4 * block + j] = words.at[j];
  }
}

// One block: total[0] += the sum of a * b.
__global__ void add_dot(const int count, const float* __restrict__ a, const float* __restrict__ b, float* __restrict__ total) {
  float sum = 0.f;
  for (int i = threadIdx.x; i < count; i += THREADS) sum += a[i] * b[i];
  sum = block_sum(sum);
  if (threadIdx.x == 0 && blockIdx.x == 0) total[0] += sum;
}

// A block for each part: sums = those of a * b over every parts-th stretch of THREADS elements.
__global__ void dot_parts(const int parts, const int count, const float* __restrict__ a, const float* __restrict__ b,
    float* __restrict__ sums) {
  for (int part = blockIdx.x; part < parts; part += gridDim.x) {
    float sum = 0.f;
    for (int i = part * THREADS + threadIdx.x; i < count; i += parts * THREADS) sum += a[i] * b[i];
    sum = block_sum(sum);
    if (threadIdx.x == 0) sums[part] = sum;
  }
}

}  // extern "C"
