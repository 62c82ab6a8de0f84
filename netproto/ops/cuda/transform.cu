// From the bytes of pictures to the net's numbers. Caffe: data_transformer.cpp.
extern "C" {

// y (images, channels, h, w) = (pixels - mean) * scale of the windows that begin at `windows`: of each image the top, the left, and whether it is
// mirrored. mean: one number a channel; by_place: one a pixel of the whole picture; null: none. n: y's elements.
__global__ void transform_pixels(const int n, const unsigned char* __restrict__ pixels, const int* __restrict__ windows,
    const float* __restrict__ mean, const int by_place, const float scale, const int channels, const int height, const int width, const int h,
    const int w, float* __restrict__ y) {
  EACH(i, n) {
    const int column = i % w, row = i / w % h, plane = i / w / h;
    const int* window = windows + plane / channels * 3;
    const int place = (window[0] + row) * width + window[1] + (window[2] ? w - 1 - column : column);
    const int channel = plane % channels;
    const float level = mean ? mean[by_place ? channel * height * width + place : channel] : 0.f;
    y[i] = ((float)pixels[(size_t)plane * height * width + place] - level) * scale;
  }
}

}  // extern "C"
