// Means and variances of channels: BatchNorm, alone and with the Scale and the ReLU behind it. Caffe: batch_norm_layer.cu.
// x, y and gradients (outer, channels, inner).
extern "C" {

// A block for each channel: its mean and biased variance.
__global__ void batch_stats(const int channels, const int outer, const int inner, const float* __restrict__ x, float* __restrict__ mean,
    float* __restrict__ var) {
  const float count = (float)outer * (float)inner;
  for (int c = blockIdx.x; c < channels; c += gridDim.x) {
    float sum = 0.f, squares = 0.f;
    for (int k = threadIdx.x; k < outer * inner; k += THREADS) sum += x[(k / inner * channels + c) * inner + k % inner];
    const float centre = block_sum(sum) / count;
    for (int k = threadIdx.x; k < outer * inner; k += THREADS) {
      const float away = x[(k / inner * channels + c) * inner + k % inner] - centre;
      squares += away * away;
    }
    squares = block_sum(squares);
    if (threadIdx.x == 0) {
      mean[c] = centre;
      var[c] = squares / count;
    }
  }
}

// mean_sum, var_sum and factor (1) decay by fraction and get mean, correction * var and 1. n: channels.
__global__ void running_stats(const int n, const float* __restrict__ mean, const float* __restrict__ var, const float fraction,
    const float correction, float* __restrict__ mean_sum, float* __restrict__ var_sum, float* __restrict__ factor) {
  EACH(c, n) {
    mean_sum[c] = mean_sum[c] * fraction + mean[c];
    var_sum[c] = var_sum[c] * fraction + var[c] * correction;
    if (c == 0) factor[0] = factor[0] * fraction + 1.f;
  }
}

// mean and var = their sums over factor, 0 where that is 0. n: channels.
__global__ void global_stats(const int n, const float* __restrict__ mean_sum, const float* __restrict__ var_sum,
    const float* __restrict__ factor, float* __restrict__ mean, float* __restrict__ var) {
  const float share = factor[0] == 0.f ? 0.f : 1.f / factor[0];
  EACH(c, n) {
    mean[c] = mean_sum[c] * share;
    var[c] = var_sum[c] * share;
  }
}

// n: elements.
__global__ void moving_average(const int n, const float* __restrict__ newest, const float fraction, float* __restrict__ gathered) {
  EACH(i, n) gathered[i] = gathered[i] * fraction + newest[i] * (1.f - fraction);
}

// y = (x - mean) / sqrt(var + eps); mean may be null. n: x's elements.
__global__ void normalise(const int n, const float* x, const float* __restrict__ mean, const float* __restrict__ var, const float eps,
    const int channels, const int inner, float* y) {
  EACH(i, n) {
    const int c = i / inner % channels;
    y[i] = (x[i] - (mean ? mean[c] : 0.f)) / sqrtf(var[c] + eps);
  }
}

// A block for each channel: level = the mean of dy, tilt = that of dy * y, where y is x normalised.
__global__ void batch_norm_slopes(const int channels, const int outer, const int inner, const float* __restrict__ x,
    const float* __restrict__ mean, const float* __restrict__ var, const float eps, const float* __restrict__ dy, float* __restrict__ level,
    float* __restrict__ tilt) {
  const float count = (float)outer * (float)inner;
  for (int c = blockIdx.x; c < channels; c += gridDim.x) {
    const float inverse = 1.f / sqrtf(var[c] + eps);
    float sum = 0.f, products = 0.f;
    for (int k = threadIdx.x; k < outer * inner; k += THREADS) {
      const int i = (k / inner * channels + c) * inner + k % inner;
      sum += dy[i];
      products += dy[i] * (x[i] - mean[c]) * inverse;
    }
    sum = block_sum(sum);
    products = block_sum(products);
    if (threadIdx.x == 0) {
      level[c] = sum / count;
      tilt[c] = products / count;
    }
  }
}

// dx = (dy - level - y * tilt) / sqrt(var + eps). n: x's elements.
__global__ void batch_norm_backward(const int n, const float* x, const float* __restrict__ mean, const float* __restrict__ var,
    const float eps, const float* __restrict__ level, const float* __restrict__ tilt, const float* dy, const int channels, const int inner,
    float* dx) {
  EACH(i, n) {
    const int c = i / inner % channels;
    const float inverse = 1.f / sqrtf(var[c] + eps);
    dx[i] = (dy[i] - level[c] - (x[i] - mean[c]) * inverse * tilt[c]) * inverse;
  }
}

// y = the ReLU of (x - mean) / sqrt(var + eps) * scale + shift; scale and shift may be null. n: x's elements.
__global__ void normal_chain(const int n, const float* x, const float* __restrict__ mean, const float* __restrict__ var, const float eps,
    const float* __restrict__ scale, const float* __restrict__ shift, const float slope, const int channels, const int inner, float* y) {
  EACH(i, n) {
    const int c = i / inner % channels;
    const float unit = (x[i] - mean[c]) / sqrtf(var[c] + eps);
    const float scaled = scale ? unit * scale[c] : unit;
    y[i] = rectified(shift ? scaled + shift[c] : scaled, slope);
  }
}

// A block for each channel: level = the mean of what dy leaves behind the ReLU, tilt = that of it times x normalised. dscale and dshift, which
// may be null, += the sums.
__global__ void normal_chain_slopes(const int channels, const int outer, const int inner, const float* __restrict__ x,
    const float* __restrict__ mean, const float* __restrict__ var, const float eps, const float slope, const float* __restrict__ y,
    const float* __restrict__ dy, float* __restrict__ level, float* __restrict__ tilt, float* __restrict__ dscale,
    float* __restrict__ dshift) {
  const float count = (float)outer * (float)inner;
  for (int c = blockIdx.x; c < channels; c += gridDim.x) {
    const float inverse = 1.f / sqrtf(var[c] + eps);
    float sum = 0.f, products = 0.f;
    for (int k = threadIdx.x; k < outer * inner; k += THREADS) {
      const int i = (k / inner * channels + c) * inner + k % inner;
      const float left = y[i] > 0.f ? dy[i] : slope * dy[i];
      sum += left;
      products += left * (x[i] - mean[c]) * inverse;
    }
    sum = block_sum(sum);
    products = block_sum(products);
    if (threadIdx.x == 0) {
      level[c] = sum / count;
      tilt[c] = products / count;
      if (dshift) dshift[c] += sum;
      if (dscale) dscale[c] += products;
    }
  }
}

// dx = (what dy leaves behind the ReLU - level - x normalised * tilt) * scale / sqrt(var + eps); scale may be null. n: x's elements.
__global__ void normal_chain_backward(const int n, const float* __restrict__ x, const float* __restrict__ mean, const float* __restrict__ var,
    const float eps, const float* __restrict__ scale, const float slope, const float* __restrict__ y, const float* __restrict__ level,
    const float* __restrict__ tilt, const float* dy, const int channels, const int inner, float* dx) {
  EACH(i, n) {
    const int c = i / inner % channels;
    const float inverse = 1.f / sqrtf(var[c] + eps);
    const float left = y[i] > 0.f ? dy[i] : slope * dy[i];
    const float apart = (left - level[c] - (x[i] - mean[c]) * inverse * tilt[c]) * inverse;
    dx[i] = scale ? apart * scale[c] : apart;
  }
}

}  // extern "C"
