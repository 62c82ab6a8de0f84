// One number per channel: Bias, Scale, PReLU. Caffe: scale_layer.cu, prelu_layer.cu. x, y and gradients (outer, channels, inner).
extern "C" {

// y = x * scale + bias; either may be null. n: x's elements.
__global__ void scale_bias(const int n, const float* x, const float* __restrict__ scale, const float* __restrict__ bias, const int channels,
    const int inner, float* y) {
  EACH(i, n) {
    const int c = i / inner % channels;
    y[i] = (scale ? x[i] * scale[c] : x[i]) + (bias ? bias[c] : 0.f);
  }
}

// y = x + bias + add, through a ReLU; bias and add may be null. n: x's elements.
__global__ void finish(const int n, const float* x, const float* __restrict__ bias, const float* add, const float slope, const int channels,
    const int inner, float* y) {
  EACH(i, n) {
    float sum = bias ? x[i] + bias[i / inner % channels] : x[i];
    if (add) sum += add[i];
    y[i] = rectified(sum, slope);
  }
}

// A block for each channel: sums[c] += the sum of a, or of a * b where b is not null.
__global__ void add_channel_sums(const int channels, const int outer, const int inner, const float* __restrict__ a,
    const float* __restrict__ b, float* __restrict__ sums) {
  for (int c = blockIdx.x; c < channels; c += gridDim.x) {
    float sum = 0.f;
    for (int k = threadIdx.x; k < outer * inner; k += THREADS) {
      const int i = (k / inner * channels + c) * inner + k % inner;
      sum += b ? a[i] * b[i] : a[i];
    }
    sum = block_sum(sum);
    if (threadIdx.x == 0) sums[c] += sum;
  }
}

// The same where inner is 1. n: channels.
__global__ void add_column_sums(const int n, const int rows, const float* __restrict__ a, const float* __restrict__ b,
    float* __restrict__ sums) {
  EACH(c, n) {
    float sum = 0.f;
    for (int row = 0; row < rows; ++row) {
      const size_t i = (size_t)row * n + c;
      sum += b ? a[i] * b[i] : a[i];
    }
    sums[c] += sum;
  }
}

__global__ void prelu(const int n, const float* x, const float* __restrict__ slope, const int channels, const int inner, float* y) {
  EACH(i, n) y[i] = x[i] > 0.f ? x[i] : x[i] * slope[i / inner % channels];
}

__global__ void prelu_backward(const int n, const float* x, const float* dy, const float* __restrict__ slope, const int channels,
    const int inner, float* dx) {
  EACH(i, n) dx[i] = dy[i] * (x[i] > 0.f ? 1.f : slope[i / inner % channels]);
}

// A block for each channel: dslope[c] += the sum of dy * x where x <= 0.
__global__ void prelu_add_slopes(const int channels, const int outer, const int inner, const float* __restrict__ x,
    const float* __restrict__ dy, float* __restrict__ dslope) {
  for (int c = blockIdx.x; c < channels; c += gridDim.x) {
    float sum = 0.f;
    for (int k = threadIdx.x; k < outer * inner; k += THREADS) {
      const int i = (k / inner * channels + c) * inner + k % inner;
      if (!(x[i] > 0.f)) sum += x[i] * dy[i];
    }
    sum = block_sum(sum);
    if (threadIdx.x == 0) dslope[c] += sum;
  }
}

}  // extern "C"
