// The windows of convolutions. Caffe: im2col.cu.
extern "C" {

// columns (images, C, kh, kw, oh, ow) = the elements of x (images, C, H, W) that each tap meets. n: images * C * oh * ow.
__global__ void im2col(const int n, const float* __restrict__ x, const int height, const int width, const int kh, const int kw, const int sh,
    const int sw, const int ph, const int pw, const int dh, const int dw, const int oh, const int ow, float* __restrict__ columns) {
  EACH(i, n) {
    const int column = i % ow, row = i / ow % oh, plane = i / ow / oh;
    const int top = row * sh - ph, left = column * sw - pw;
    const float* source = x + plane * height * width;
    float* out = columns + ((size_t)plane * kh * kw * oh + row) * ow + column;
    for (int p = 0; p < kh; ++p)
      for (int q = 0; q < kw; ++q) {
        const int h = top + p * dh, w = left + q * dw;
        *out = h >= 0 && w >= 0 && h < height && w < width ? source[h * width + w] : 0.f;
        out += oh * ow;
      }
  }
}

// x = the sum of the columns' elements that are from it: every element gathers its own. n: images * C * H * W.
__global__ void col2im(const int n, const float* __restrict__ columns, const int height, const int width, const int kh, const int kw,
    const int sh, const int sw, const int ph, const int pw, const int dh, const int dw, const int oh, const int ow, float* __restrict__ x) {
  EACH(i, n) {
    const int w = i % width, h = i / width % height, plane = i / width / height;
    float sum = 0.f;
    for (int p = 0; p < kh; ++p) {
      const int above = h + ph - p * dh;
      if (above < 0 || above % sh || above / sh >= oh) continue;
      for (int q = 0; q < kw; ++q) {
        const int before = w + pw - q * dw;
        if (before < 0 || before % sw || before / sw >= ow) continue;
        sum += columns[(((size_t)plane * kh + p) * kw + q) * oh * ow + above / sh * ow + before / sw];
      }
    }
    x[i] = sum;
  }
}

// The same for any number of axes up to 8. geometry: for each axis size, kernel, stride, pad, dilation, out. n: columns' elements.
__global__ void im2col_nd(const int n, const float* __restrict__ x, const int axes, const int* __restrict__ geometry, const int taps,
    const int outputs, const int places, float* __restrict__ columns) {
  EACH(i, n) {
    int out = i % outputs, tap = i / outputs % taps, offset = 0, step = 1;
    const int plane = i / outputs / taps;
    bool inside = true;
    for (int a = axes - 1; a >= 0; --a) {
      const int* g = geometry + 6 * a;
      const int at = out % g[5] * g[2] - g[3] + tap % g[1] * g[4];
      inside = inside && at >= 0 && at < g[0];
      offset += at * step;
      step *= g[0];
      out /= g[5];
      tap /= g[1];
    }
    columns[i] = inside ? x[plane * places + offset] : 0.f;
  }
}

// n: x's elements.
__global__ void col2im_nd(const int n, const float* __restrict__ columns, const int axes, const int* __restrict__ geometry, const int taps,
    const int outputs, const int places, float* __restrict__ x) {
  EACH(i, n) {
    const int plane = i / places;
    float sum = 0.f;
    for (int t = 0; t < taps; ++t) {
      int place = i % places, tap = t, out = 0, step = 1;
      bool met = true;
      for (int a = axes - 1; a >= 0; --a) {
        const int* g = geometry + 6 * a;
        const int at = place % g[0] + g[3] - tap % g[1] * g[4];
        met = met && at >= 0 && at % g[2] == 0 && at / g[2] < g[5];
        out += at / g[2] * step;
        step *= g[5];
        place /= g[0];
        tap /= g[1];
      }
      if (met) sum += columns[((size_t)plane * taps + t) * outputs + out];
    }
    x[i] = sum;
  }
}

// total[i] += the sum of parts[k][i] over `count` parts. n: elements of total.
__global__ void add_parts(const int n, const float* __restrict__ parts, const int count, float* __restrict__ total) {
  EACH(i, n) {
    float sum = 0.f;
    for (int k = 0; k < count; ++k) sum += parts[(size_t)k * n + i];
    total[i] += sum;
  }
}

}  // extern "C"
