// Pooling over two axes. Caffe: pooling_layer.cu. x (planes, H, W), y and mask (planes, oh, ow); backward passes gather, without atomics.
// kh, kw, sh, sw, ph, pw: kernel, stride and pad.
extern "C" {

// y = the largest of each window, mask = where: the first of several; -FLT_MAX and -1 where there is none. n: y's elements.
__global__ void max_pool(const int n, const float* __restrict__ x, const int height, const int width, const int oh, const int ow, const int kh,
    const int kw, const int sh, const int sw, const int ph, const int pw, float* __restrict__ y, int* __restrict__ mask) {
  EACH(i, n) {
    const int column = i % ow, row = i / ow % oh, plane = i / ow / oh;
    const int top = row * sh - ph, left = column * sw - pw;
    const float* source = x + plane * height * width;
    float best = -3.402823466e+38f;
    int at = -1;
    for (int h = max(top, 0); h < min(top + kh, height); ++h)
      for (int w = max(left, 0); w < min(left + kw, width); ++w)
        if (source[h * width + w] > best) {
          at = h * width + w;
          best = source[at];
        }
    y[i] = best;
    mask[i] = at;
  }
}

// dx = each dy at the element that mask names. n: dx's elements.
__global__ void max_pool_backward(const int n, const float* __restrict__ dy, const int* __restrict__ mask, const int height, const int width,
    const int oh, const int ow, const int kh, const int kw, const int sh, const int sw, const int ph, const int pw, float* __restrict__ dx) {
  EACH(i, n) {
    const int w = i % width, h = i / width % height, plane = i / width / height;
    const int first_row = h + ph < kh ? 0 : (h + ph - kh) / sh + 1, rows = min((h + ph) / sh + 1, oh);
    const int first_column = w + pw < kw ? 0 : (w + pw - kw) / sw + 1, columns = min((w + pw) / sw + 1, ow);
    float sum = 0.f;
    for (int r = first_row; r < rows; ++r)
      for (int c = first_column; c < columns; ++c) {
        const int window = (plane * oh + r) * ow + c;
        if (mask[window] == h * width + w) sum += dy[window];
      }
    dx[i] = sum;
  }
}

static __device__ int window_length(const int size, const int kernel, const int stride, const int pad, const int out) {
  const int start = out * stride - pad;
  return min(start + kernel, size + pad) - start;
}

// y = the sum of each window over its size as far as the padded input reaches. n: y's elements.
__global__ void ave_pool(const int n, const float* __restrict__ x, const int height, const int width, const int oh, const int ow, const int kh,
    const int kw, const int sh, const int sw, const int ph, const int pw, float* __restrict__ y) {
  EACH(i, n) {
    const int column = i % ow, row = i / ow % oh, plane = i / ow / oh;
    const int top = row * sh - ph, left = column * sw - pw;
    const float* source = x + plane * height * width;
    float sum = 0.f;
    for (int h = max(top, 0); h < min(top + kh, height); ++h)
      for (int w = max(left, 0); w < min(left + kw, width); ++w) sum += source[h * width + w];
    y[i] = sum / (float)(window_length(height, kh, sh, ph, row) * window_length(width, kw, sw, pw, column));
  }
}

// dx = each dy shared equally by its window. n: dx's elements.
__global__ void ave_pool_backward(const int n, const float* __restrict__ dy, const int height, const int width, const int oh, const int ow,
    const int kh, const int kw, const int sh, const int sw, const int ph, const int pw, float* __restrict__ dx) {
  EACH(i, n) {
    const int w = i % width, h = i / width % height, plane = i / width / height;
    const int first_row = h + ph < kh ? 0 : (h + ph - kh) / sh + 1, rows = min((h + ph) / sh + 1, oh);
    const int first_column = w + pw < kw ? 0 : (w + pw - kw) / sw + 1, columns = min((w + pw) / sw + 1, ow);
    float sum = 0.f;
    for (int r = first_row; r < rows; ++r)
      for (int c = first_column; c < columns; ++c)
        sum += dy[(plane * oh + r) * ow + c] / (float)(window_length(height, kh, sh, ph, r) * window_length(width, kw, sw, pw, c));
    dx[i] = sum;
  }
}

// y = an element of each window, drawn in proportion to its value; mask = where it is. n: y's elements.
__global__ void stochastic_pool(const int n, const float* __restrict__ x, const int height, const int width, const int oh, const int ow,
    const int kh, const int kw, const int sh, const int sw, const int ph, const int pw, const u64 key, const u64 ordinal,
    const u64* __restrict__ later, float* __restrict__ y, int* __restrict__ mask) {
  EACH(i, n) {
    const int column = i % ow, row = i / ow % oh, plane = i / ow / oh;
    const int top = row * sh - ph, left = column * sw - pw;
    const float* source = x + plane * height * width;
    const u32 word = philox((u64)(i / 4), key, drawn(ordinal, later)).at[i % 4];
    float total = 0.f, running = 0.f, value = 0.f;
    for (int h = max(top, 0); h < min(top + kh, height); ++h)
      for (int w = max(left, 0); w < min(left + kw, width); ++w) total += source[h * width + w];
    total *= (float)((word + 0.5) * 2.3283064365386963e-10);
    int at = -1;
    for (int h = max(top, 0); h < min(top + kh, height); ++h)
      for (int w = max(left, 0); w < min(left + kw, width); ++w) {
        running += source[h * width + w];
        if (at < 0 && running >= total) {
          at = h * width + w;
          value = source[at];
        }
      }
    y[i] = value;
    mask[i] = at;
  }
}

// y = sum x^2 / sum x of each window; 0 where the sum is not positive. n: y's elements.
__global__ void stochastic_pool_test(const int n, const float* __restrict__ x, const int height, const int width, const int oh, const int ow,
    const int kh, const int kw, const int sh, const int sw, const int ph, const int pw, float* __restrict__ y) {
  EACH(i, n) {
    const int column = i % ow, row = i / ow % oh, plane = i / ow / oh;
    const int top = row * sh - ph, left = column * sw - pw;
    const float* source = x + plane * height * width;
    float total = 0.f, squares = 0.f;
    for (int h = max(top, 0); h < min(top + kh, height); ++h)
      for (int w = max(left, 0); w < min(left + kw, width); ++w) {
        const float value = source[h * width + w];
        total += value;
        squares += value * value;
      }
    y[i] = total > 0.f ? squares / total : 0.f;
  }
}

}  // extern "C"
