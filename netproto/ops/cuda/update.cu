// What a solver does to a learned blob, in one pass. Caffe: src/caffe/solvers/*.cu. n: data's elements.
// Where rate_at and scale_at are not null, the rate and the scale of the gradient are what they point to.
static __device__ float regularised(const float data, const float diff, const float decay, const int l1, const float scale) {
  const float pull = l1 ? (float)((data > 0.f) - (data < 0.f)) : data;
  return scale * diff + decay * pull;
}

extern "C" {

__global__ void sgd_update(const int n, float* __restrict__ data, const float* __restrict__ diff, float* __restrict__ history,
    const float rate, const float* rate_at, const float momentum, const float decay, const int l1, const float scale,
    const float* scale_at) {
  const float r = given(rate, rate_at), s = given(scale, scale_at);
  EACH(i, n) {
    const float step = momentum * history[i] + r * regularised(data[i], diff[i], decay, l1, s);
    history[i] = step;
    data[i] -= step;
  }
}

__global__ void nesterov_update(const int n, float* __restrict__ data, const float* __restrict__ diff, float* __restrict__ history,
    const float rate, const float* rate_at, const float momentum, const float decay, const int l1, const float scale,
    const float* scale_at) {
  const float r = given(rate, rate_at), s = given(scale, scale_at);
  EACH(i, n) {
    const float before = momentum * history[i];
    const float step = before + r * regularised(data[i], diff[i], decay, l1, s);
    history[i] = step;
    data[i] -= (1.f + momentum) * step - before;
  }
}

__global__ void adagrad_update(const int n, float* __restrict__ data, const float* __restrict__ diff, float* __restrict__ history,
    const float rate, const float* rate_at, const float delta, const float decay, const int l1, const float scale,
    const float* scale_at) {
  const float r = given(rate, rate_at), s = given(scale, scale_at);
  EACH(i, n) {
    const float g = regularised(data[i], diff[i], decay, l1, s), squares = history[i] + g * g;
    history[i] = squares;
    data[i] -= r * g / (sqrtf(squares) + delta);
  }
}

__global__ void rmsprop_update(const int n, float* __restrict__ data, const float* __restrict__ diff, float* __restrict__ history,
    const float rate, const float* rate_at, const float rms_decay, const float delta, const float decay, const int l1, const float scale,
    const float* scale_at) {
  const float r = given(rate, rate_at), s = given(scale, scale_at);
  EACH(i, n) {
    const float g = regularised(data[i], diff[i], decay, l1, s), squares = rms_decay * history[i] + (1.f - rms_decay) * g * g;
    history[i] = squares;
    data[i] -= r * g / (sqrtf(squares) + delta);
  }
}

__global__ void adadelta_update(const int n, float* __restrict__ data, const float* __restrict__ diff, float* __restrict__ squares,
    float* __restrict__ changes, const float rate, const float* rate_at, const float momentum, const float delta, const float decay,
    const int l1, const float scale, const float* scale_at) {
  const float r = given(rate, rate_at), s = given(scale, scale_at);
  EACH(i, n) {
    const float g = regularised(data[i], diff[i], decay, l1, s), square = momentum * squares[i] + (1.f - momentum) * g * g;
    const float change = g * sqrtf((changes[i] + delta) / (square + delta));
    squares[i] = square;
    changes[i] = momentum * changes[i] + (1.f - momentum) * change * change;
    data[i] -= r * change;
  }
}

__global__ void adam_update(const int n, float* __restrict__ data, const float* __restrict__ diff, float* __restrict__ mean,
    float* __restrict__ squares, const float rate, const float* rate_at, const float momentum, const float momentum2, const float delta,
    const float decay, const int l1, const float scale, const float* scale_at) {
  const float r = given(rate, rate_at), s = given(scale, scale_at);
  EACH(i, n) {
    const float g = regularised(data[i], diff[i], decay, l1, s);
    const float first = momentum * mean[i] + (1.f - momentum) * g, second = momentum2 * squares[i] + (1.f - momentum2) * g * g;
    mean[i] = first;
    squares[i] = second;
    data[i] -= r * first / (sqrtf(second) + delta);
  }
}

// One thread: scale = what clip_gradients and iter_size leave of gradients whose squares have this sum.
__global__ void clip_scale(const int n, const float* __restrict__ squares, const double limit, const double divisor,
    float* __restrict__ scale) {
  EACH(i, n) {
    const double norm = sqrt((double)squares[i]);
    scale[i] = (float)((norm <= limit ? 1. : limit / norm) / divisor);
  }
}

}  // extern "C"
