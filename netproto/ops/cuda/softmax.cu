// Softmax and its loss. Caffe: softmax_layer.cu, softmax_loss_layer.cu. x, y, prob and gradients (outer, classes, inner), labels (outer, inner).
extern "C" {

// A block for each row of `classes` numbers.
__global__ void softmax_rows(const int rows, const int classes, const float* x, float* y) {
  for (int row = blockIdx.x; row < rows; row += gridDim.x) {
    const float* source = x + (size_t)row * classes;
    float* out = y + (size_t)row * classes;
    float largest = -3.402823466e+38f;
    for (int c = threadIdx.x; c < classes; c += THREADS) largest = fmaxf(largest, source[c]);
    largest = block_max(largest);
    float sum = 0.f;
    for (int c = threadIdx.x; c < classes; c += THREADS) {
      const float e = expf(source[c] - largest);
      out[c] = e;
      sum += e;
    }
    sum = block_sum(sum);
    for (int c = threadIdx.x; c < classes; c += THREADS) out[c] /= sum;
  }
}

__global__ void softmax_rows_backward(const int rows, const int classes, const float* y, const float* dy, float* dx) {
  for (int row = blockIdx.x; row < rows; row += gridDim.x) {
    const size_t start = (size_t)row * classes;
    float sum = 0.f;
    for (int c = threadIdx.x; c < classes; c += THREADS) sum += y[start + c] * dy[start + c];
    sum = block_sum(sum);
    for (int c = threadIdx.x; c < classes; c += THREADS) dx[start + c] = (dy[start + c] - sum) * y[start + c];
  }
}

// n: outer * inner.
__global__ void softmax_columns(const int n, const int classes, const int inner, const float* x, float* y) {
  EACH(i, n) {
    const size_t start = (size_t)(i / inner) * classes * inner + i % inner;
    float largest = x[start], sum = 0.f;
    for (int c = 1; c < classes; ++c) largest = fmaxf(largest, x[start + (size_t)c * inner]);
    for (int c = 0; c < classes; ++c) {
      const float e = expf(x[start + (size_t)c * inner] - largest);
      y[start + (size_t)c * inner] = e;
      sum += e;
    }
    for (int c = 0; c < classes; ++c) y[start + (size_t)c * inner] /= sum;
  }
}

// n: outer * inner.
__global__ void softmax_columns_backward(const int n, const int classes, const int inner, const float* y, const float* dy, float* dx) {
  EACH(i, n) {
    const size_t start = (size_t)(i / inner) * classes * inner + i % inner;
    float sum = 0.f;
    for (int c = 0; c < classes; ++c) sum += y[start + (size_t)c * inner] * dy[start + (size_t)c * inner];
    for (int c = 0; c < classes; ++c) {
      const size_t j = start + (size_t)c * inner;
      dx[j] = (dy[j] - sum) * y[j];
    }
  }
}

// each = -log(max(prob of the label, FLT_MIN)) * weights[label], 0 where the label is ignored, NaN where it is no class; counted = 1 or 0.
// weights may be null; ignoring: whether `ignore` is a label that stands for none. n: outer * inner.
__global__ void softmax_loss_each(const int n, const float* __restrict__ prob, const float* __restrict__ label,
    const float* __restrict__ weights, const int classes, const int inner, const int ignoring, const int ignore, float* __restrict__ each,
    float* __restrict__ counted) {
  EACH(i, n) {
    const float number = label[i];
    const int own = (int)number;
    const bool left_out = ignoring && own == ignore;
    float cost = 0.f;
    if (!left_out && !(number > -1.f && number < (float)classes)) cost = not_a_number();
    else if (!left_out) cost = -logf(fmaxf(prob[((size_t)(i / inner) * classes + own) * inner + i % inner], 1.17549435e-38f));
    if (weights && !left_out && own >= 0 && own < classes) cost *= weights[own];
    each[i] = cost;
    if (counted) counted[i] = left_out ? 0.f : 1.f;
  }
}

// One block: loss = the sum of each[0..n) over the divisor: `normalizer`, or the sum of counted where that is negative; 1 at least.
__global__ void mean_loss(const int count, const float* __restrict__ each, const float* __restrict__ counted, const float normalizer,
    float* __restrict__ loss, float* __restrict__ divisor) {
  float total = 0.f, number = 0.f;
  for (int i = threadIdx.x; i < count; i += THREADS) {
    total += each[i];
    number += counted[i];
  }
  total = block_sum(total);
  number = block_sum(number);
  if (threadIdx.x == 0 && blockIdx.x == 0) {
    const float share = fmaxf(1.f, normalizer < 0.f ? number : normalizer);
    divisor[0] = share;
    loss[0] = total / share;
  }
}

// dx = weight / divisor * class weight of the label * (prob - 1 at the label), 0 where the label is ignored. n: dx's elements.
__global__ void softmax_loss_backward(const int n, const float* __restrict__ prob, const float* __restrict__ label,
    const float* __restrict__ weights, const float* __restrict__ weight, const float* __restrict__ divisor, const int classes, const int inner,
    const int ignoring, const int ignore, float* __restrict__ dx) {
  EACH(i, n) {
    const int place = i % inner, c = i / inner % classes, outer = i / inner / classes;
    const int own = (int)label[outer * inner + place];
    float factor = ignoring && own == ignore ? 0.f : weight[0] / divisor[0];
    if (weights) factor *= own >= 0 && own < classes ? weights[own] : 0.f;
    dx[i] = factor * (prob[i] - (c == own ? 1.f : 0.f));
  }
}

}  // extern "C"
