// Local response normalisation. Caffe: lrn_layer.cu. x, y, scale and their gradients (N, C, places); n: x's elements.
extern "C" {

// scale = k + share * the sum of x^2 over the nearest channels, y = x * scale^-beta.
__global__ void lrn_across(const int n, const float* __restrict__ x, const int channels, const int places, const int size, const float share,
    const float beta, const float k, float* __restrict__ scale, float* __restrict__ y) {
  EACH(i, n) {
    const int channel = i / places % channels;
    const float* first = x + (i - channel * places);
    float sum = 0.f;
    for (int c = max(channel - size / 2, 0); c <= min(channel + size / 2, channels - 1); ++c) sum += first[c * places] * first[c * places];
    const float s = k + share * sum;
    scale[i] = s;
    y[i] = x[i] * powf(s, -beta);
  }
}

// dx = dy * scale^-beta - 2 * share * beta * x * the sum of dy * y / scale over the nearest channels.
__global__ void lrn_across_backward(const int n, const float* __restrict__ x, const float* __restrict__ y, const float* __restrict__ scale,
    const float* __restrict__ dy, const int channels, const int places, const int size, const float share, const float beta,
    float* __restrict__ dx) {
  EACH(i, n) {
    const int channel = i / places % channels, first = i - channel * places;
    float sum = 0.f;
    for (int c = max(channel - size / 2, 0); c <= min(channel + size / 2, channels - 1); ++c) {
      const int j = first + c * places;
      sum += dy[j] * y[j] / scale[j];
    }
    dx[i] = dy[i] * powf(scale[i], -beta) - 2.f * share * beta * x[i] * sum;
  }
}

// scale = 1 + share * the sum of x^2 over a size * size window, y = x * scale^-beta.
__global__ void lrn_within(const int n, const float* __restrict__ x, const int height, const int width, const int size, const float share,
    const float beta, float* __restrict__ scale, float* __restrict__ y) {
  EACH(i, n) {
    const int column = i % width, row = i / width % height, reach = size / 2;
    const float* plane = x + (i - row * width - column);
    float sum = 0.f;
    for (int h = max(row - reach, 0); h <= min(row + reach, height - 1); ++h)
      for (int w = max(column - reach, 0); w <= min(column + reach, width - 1); ++w) sum += plane[h * width + w] * plane[h * width + w];
    const float s = 1.f + share * sum;
    scale[i] = s;
    y[i] = x[i] * powf(s, -beta);
  }
}

// inner = -2 * share * beta * x * dy * scale^(-beta - 1): what lrn_within_gather sums.
__global__ void lrn_within_inner(const int n, const float* __restrict__ x, const float* __restrict__ scale, const float* __restrict__ dy,
    const float share, const float beta, float* __restrict__ inner) {
  EACH(i, n) inner[i] = -2.f * share * beta * x[i] * dy[i] * powf(scale[i], -beta - 1.f);
}

// dx = dy * scale^-beta + x * the sum of inner over the window.
__global__ void lrn_within_gather(const int n, const float* __restrict__ x, const float* __restrict__ scale, const float* __restrict__ dy,
    const float* __restrict__ inner, const int height, const int width, const int size, const float beta, float* __restrict__ dx) {
  EACH(i, n) {
    const int column = i % width, row = i / width % height, reach = size / 2;
    const float* plane = inner + (i - row * width - column);
    float sum = 0.f;
    for (int h = max(row - reach, 0); h <= min(row + reach, height - 1); ++h)
      for (int w = max(column - reach, 0); w <= min(column + reach, width - 1); ++w) sum += plane[h * width + w];
    dx[i] = dy[i] * powf(scale[i], -beta) + x[i] * sum;
  }
}

}  // extern "C"
