// Losses over differences, and over one probability for each place. Caffe: euclidean_loss_layer.cu, contrastive_loss_layer.cu,
// sigmoid_cross_entropy_loss_layer.cu. Labels and targets drop their fractions where they are compared with whole numbers.
extern "C" {

__global__ void difference(const int n, const float* __restrict__ a, const float* __restrict__ b, float* __restrict__ diff) {
  EACH(i, n) diff[i] = a[i] - b[i];
}

// One block: loss = scale * the sum of diff[0..count) squared.
__global__ void scaled_squares(const int count, const float* __restrict__ diff, const float scale, float* __restrict__ loss) {
  float total = 0.f;
  for (int i = threadIdx.x; i < count; i += THREADS) total += diff[i] * diff[i];
  total = block_sum(total);
  if (threadIdx.x == 0 && blockIdx.x == 0) loss[0] = scale * total;
}

// dx = factor * weight * diff.
__global__ void scaled_difference(const int n, const float* __restrict__ diff, const float* __restrict__ weight, const float factor,
    float* __restrict__ dx) {
  EACH(i, n) dx[i] = factor * weight[0] * diff[i];
}

// A block for each pair of rows: diff = a - b, and the sum of its squares.
__global__ void pair_distances(const int rows, const int count, const float* __restrict__ a, const float* __restrict__ b,
    float* __restrict__ diff, float* __restrict__ squares) {
  for (int row = blockIdx.x; row < rows; row += gridDim.x) {
    const size_t start = (size_t)row * count;
    float total = 0.f;
    for (int i = threadIdx.x; i < count; i += THREADS) {
      const float apart = a[start + i] - b[start + i];
      diff[start + i] = apart;
      total += apart * apart;
    }
    total = block_sum(total);
    if (threadIdx.x == 0) squares[row] = total;
  }
}

// How much a pair is too near, 0 where it is far enough.
static __device__ float shortfall(const float square, const float margin, const int legacy) {
  const float missing = margin - (legacy ? square : sqrtf(square));
  return missing <= 0.f ? 0.f : missing;
}

// One block: loss = scale * the sum of what the pairs cost.
__global__ void contrastive_loss(const int pairs, const float* __restrict__ squares, const float* __restrict__ label, const float margin,
    const int legacy, const float scale, float* __restrict__ loss) {
  float total = 0.f;
  for (int i = threadIdx.x; i < pairs; i += THREADS) {
    const float missing = shortfall(squares[i], margin, legacy);
    total += truncf(label[i]) != 0.f ? squares[i] : legacy ? missing : missing * missing;
  }
  total = block_sum(total);
  if (threadIdx.x == 0 && blockIdx.x == 0) loss[0] = scale * total;
}

// n: dx's elements, `count` for each pair.
__global__ void contrastive_loss_backward(const int n, const int count, const float* __restrict__ diff, const float* __restrict__ squares,
    const float* __restrict__ label, const float* __restrict__ weight, const float margin, const float epsilon, const int legacy,
    const float factor, float* __restrict__ dx) {
  EACH(i, n) {
    const float square = squares[i / count], missing = shortfall(square, margin, legacy);
    const float push = legacy ? (missing > 0.f ? 1.f : 0.f) : missing / (sqrtf(square) + epsilon);
    dx[i] = (truncf(label[i / count]) != 0.f ? 1.f : -push) * factor * weight[0] * diff[i];
  }
}

// prob = 1 / (1 + exp(-x)), each = -target * log(prob) - (1 - target) * log(1 - prob), 0 where the target is ignored; counted = 1 or 0.
__global__ void sigmoid_loss_each(const int n, const float* __restrict__ x, const float* __restrict__ target, const int ignoring,
    const int ignore, float* __restrict__ prob, float* __restrict__ each, float* __restrict__ counted) {
  EACH(i, n) {
    const float value = x[i];
    const bool left_out = ignoring && truncf(target[i]) == (float)ignore;
    prob[i] = 0.5f * tanhf(0.5f * value) + 0.5f;
    each[i] = left_out ? 0.f : log1pf(expf(-fabsf(value))) + value * ((value >= 0.f ? 1.f : 0.f) - target[i]);
    counted[i] = left_out ? 0.f : 1.f;
  }
}

__global__ void sigmoid_loss_backward(const int n, const float* __restrict__ prob, const float* __restrict__ target,
    const float* __restrict__ weight, const float* __restrict__ divisor, const int ignoring, const int ignore, float* __restrict__ dx) {
  EACH(i, n) dx[i] = ignoring && truncf(target[i]) == (float)ignore ? 0.f : weight[0] / divisor[0] * (prob[i] - target[i]);
}

}  // extern "C"
