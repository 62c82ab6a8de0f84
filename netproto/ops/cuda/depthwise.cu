// Convolutions of each channel by itself, over two axes: group = channels. Caffe: conv_layer.cu, by one product for each group.
// x (images, C, H, W), w (K, 1, kh, kw), y (images, K, oh, ow); channel c makes the outputs c * per .. c * per + per - 1, per = K / C.
extern "C" {

// y = the windows of x times w + bias + add, through a ReLU; bias and add may be null. n: y's elements.
__global__ void depthwise(const int n, const float* __restrict__ x, const float* __restrict__ w, const float* __restrict__ bias,
    const float* add, const float slope, const int outputs, const int per, const int height, const int width, const int kh, const int kw,
    const int sh, const int sw, const int ph, const int pw, const int dh, const int dw, const int oh, const int ow, float* y) {
  EACH(i, n) {
    const int plane = i / ow / oh, k = plane % outputs;
    const int top = i / ow % oh * sh - ph, left = i % ow * sw - pw;
    const float* source = x + (size_t)(plane / per) * height * width;
    const float* weight = w + (size_t)k * kh * kw;
    float sum = bias ? bias[k] : 0.f;
    for (int p = 0; p < kh; ++p) {
      const int row = top + p * dh;
      if (row < 0 || row >= height) continue;
      for (int q = 0; q < kw; ++q) {
        const int column = left + q * dw;
        if (column >= 0 && column < width) sum += source[row * width + column] * weight[p * kw + q];
      }
    }
    y[i] = rectified(add ? sum + add[i] : sum, slope);
  }
}

// dx: every element gathers from the windows that it is in. n: dx's elements.
__global__ void depthwise_backward(const int n, const float* __restrict__ dy, const float* __restrict__ w, const int channels, const int per,
    const int height, const int width, const int kh, const int kw, const int sh, const int sw, const int ph, const int pw, const int dh,
    const int dw, const int oh, const int ow, float* __restrict__ dx) {
  EACH(i, n) {
    const int plane = i / width / height;
    const int row = i / width % height + ph, column = i % width + pw;
    const int above = row - (kh - 1) * dh, before = column - (kw - 1) * dw;
    const int first = above > 0 ? (above + sh - 1) / sh : 0, last = min(oh - 1, row / sh);
    const int leftmost = before > 0 ? (before + sw - 1) / sw : 0, rightmost = min(ow - 1, column / sw);
    float sum = 0.f;
    for (int m = 0; m < per; ++m) {
      const float* weight = w + ((size_t)(plane % channels) * per + m) * kh * kw;
      const float* top = dy + ((size_t)plane * per + m) * oh * ow;
      for (int r = first; r <= last; ++r) {
        const int down = row - r * sh;
        if (down % dh) continue;
        for (int c = leftmost; c <= rightmost; ++c) {
          const int right = column - c * sw;
          if (right % dw == 0) sum += top[r * ow + c] * weight[down / dh * kw + right / dw];
        }
      }
    }
    dx[i] = sum;
  }
}

// A block for each of `weights` weights: gradient += the sum of dy times the elements of x that the weight meets.
__global__ void depthwise_add_weights(const int weights, const int images, const float* __restrict__ x, const float* __restrict__ dy,
    const int outputs, const int per, const int height, const int width, const int kh, const int kw, const int sh, const int sw, const int ph,
    const int pw, const int dh, const int dw, const int oh, const int ow, float* __restrict__ gradient) {
  for (int i = blockIdx.x; i < weights; i += gridDim.x) {
    const int k = i / kw / kh, top = i / kw % kh * dh - ph, left = i % kw * dw - pw;
    float sum = 0.f;
    for (int j = threadIdx.x; j < images * oh * ow; j += THREADS) {
      const int image = j / ow / oh, row = j / ow % oh * sh + top, column = j % ow * sw + left;
      if (row < 0 || column < 0 || row >= height || column >= width) continue;
      const size_t plane = (size_t)image * outputs + k;
      sum += dy[plane * oh * ow + j % (oh * ow)] * x[plane / per * height * width + row * width + column];
    }
    sum = block_sum(sum);
    if (threadIdx.x == 0) gradient[i] += sum;
  }
}

}  // extern "C"
