#include "nncpp/layers/augmentation.hpp"

#include <algorithm>
#include <functional>

#include "nncpp/error.hpp"
#include "nncpp/parallel.hpp"
#include "require_inputs.hpp"

namespace nncpp {
namespace {

constexpr double kWork = 2.0;                 // multiply-adds that moving a number takes as long as
constexpr Index kMost = Index{1} << 20;       // pixels of a shift
constexpr std::size_t kRow = 0, kColumn = 1;  // which random word decides

bool is_heads(std::uint32_t word) { return word >> 31 != 0; }

// 0 ... n - 1, equally likely but for n / 2^32
Index below(std::uint32_t word, Index n) {
  return static_cast<Index>(static_cast<std::uint64_t>(word) * static_cast<std::uint64_t>(n) >> 32);
}

Image image_of(const Shape& sample) { return Window({}).image(sample); }

template <typename T>
void put(const T* from, Index count, T* to, Write write) {
  if (write == Write::kAssign)
    std::copy_n(from, count, to);
  else
    std::transform(from, from + count, to, to, std::plus<T>());
}

template <typename T>
void put_zeros(Index count, T* to, Write write) {
  if (write == Write::kAssign) std::fill_n(to, count, T(0));
}

// to = or += what the placement says
template <typename T>
void move(const Image& from_image, const T* from, const Image& to_image, T* to, const Placement& place, Write write) {
  const Index channels = from_image.channels, width = to_image.width;
  // columns first ... last - 1 lie inside of the image
  const Index edge = place.right > 0 ? -place.column : place.column - from_image.width + 1;
  const Index first = std::clamp<Index>(edge, 0, width);
  const Index last = std::clamp<Index>(edge + from_image.width, first, width);
  for (Index y = 0; y < to_image.height; ++y, to += width * channels) {
    const Index row = place.row + place.down * y;
    if (row < 0 || row >= from_image.height || first == last) {
      put_zeros(width * channels, to, write);
      continue;
    }
    const T* const pixels = from + (row * from_image.width + place.column + place.right * first) * channels;
    put_zeros(first * channels, to, write);
    if (place.right > 0)
      put(pixels, (last - first) * channels, to + first * channels, write);
    else
      for (Index x = 0; x < last - first; ++x) put(pixels - x * channels, channels, to + (first + x) * channels, write);
    put_zeros((width - last) * channels, to + last * channels, write);
  }
}

}  // namespace

template <typename T>
Shape Augmentation<T>::output_shape(std::span<const Shape> inputs) const {
  require_inputs(inputs, 1);
  const Image v = output(image_of(inputs[0]));
  return {v.height, v.width, v.channels};
}

template <typename T>
Placement Augmentation<T>::place(const Image& u, Mode mode, const RandomKey& key, const Rows& rows, Index i) const {
  if (mode == Mode::kInference) return in_prediction(u);
  return draw(u, RandomKey{key.seed, key.stream, rows.epoch}.block(static_cast<std::uint64_t>(rows[i])));
}

template <typename T>
void Augmentation<T>::forward(const Forward<T>& pass) const {
  const auto& u = pass.inputs[0];  // (N, H, W, C)
  const auto& v = pass.output;     // (N, h, w, C)
  const Image from{u.shape[1], u.shape[2], u.shape[3]}, to = output(from);
  parallel_for(u.shape[0], kWork * static_cast<double>(v.size()), [&](Index i) {
    move(from, u.data + i * from.size(), to, v.data + i * to.size(), place(from, pass.mode, pass.key, pass.rows, i),
         Write::kAssign);
  });
}

template <typename T>
void Augmentation<T>::backward(const Backward<T>& pass) const {
  const auto& dv = pass.doutput;     // (N, h, w, C)
  const auto& du = pass.dinputs[0];  // (N, H, W, C)
  if (!du.is_wanted()) return;
  const Image from{du.to.shape[1], du.to.shape[2], du.to.shape[3]}, to = output(from);
  parallel_for(du.to.shape[0], kWork * static_cast<double>(du.to.size()), [&](Index i) {
    const Placement forward = place(from, pass.mode, pass.key, pass.rows, i);
    move(to, dv.data + i * to.size(), from, du.to.data + i * from.size(), forward.inverse(), du.write);
  });
}

template <typename T>
Placement RandomFlip<T>::draw(const Image& u, const Philox4& words) const {
  Placement place;
  if (is_vertical_ && is_heads(words[kRow])) place.row = u.height - 1, place.down = -1;
  if (is_horizontal_ && is_heads(words[kColumn])) place.column = u.width - 1, place.right = -1;
  return place;
}

template <typename T>
RandomShift<T>::RandomShift(Index rows, Index columns) : rows_(rows), columns_(columns) {
  for (const Index pixels : {rows, columns})
    if (pixels < 0 || pixels > kMost) throw DataError(text("pixels: expected 0 ... ", kMost, ", got ", pixels));
}

template <typename T>
Placement RandomShift<T>::draw(const Image& /*u*/, const Philox4& words) const {
  return {.row = below(words[kRow], 2 * rows_ + 1) - rows_,
          .column = below(words[kColumn], 2 * columns_ + 1) - columns_};
}

template <typename T>
Crop<T>::Crop(Index height, Index width, bool is_random) : height_(height), width_(width), is_random_(is_random) {
  if (height < 1 || width < 1) throw DataError(text("size: expected 1 or more, got (", height, ", ", width, ")"));
}

template <typename T>
Image Crop<T>::output(const Image& u) const {
  if (u.height < height_ || u.width < width_)
    throw ShapeError(text("expected an image of at least (", height_, ", ", width_, ") pixels, got (", u.height, ", ",
                          u.width, ")"));
  return {height_, width_, u.channels};
}

template <typename T>
Placement Crop<T>::draw(const Image& u, const Philox4& words) const {
  if (!is_random_) return in_prediction(u);
  return {.row = below(words[kRow], u.height - height_ + 1), .column = below(words[kColumn], u.width - width_ + 1)};
}

template <typename T>
Placement Crop<T>::in_prediction(const Image& u) const {
  return {.row = (u.height - height_) / 2, .column = (u.width - width_) / 2};
}

#define NNCPP_INSTANTIATE(T)      \
  template class Augmentation<T>; \
  template class RandomFlip<T>;   \
  template class RandomShift<T>;  \
  template class Crop<T>;
NNCPP_INSTANTIATE(float)
NNCPP_INSTANTIATE(double)
NNCPP_INSTANTIATE(Dual)
#undef NNCPP_INSTANTIATE

}  // namespace nncpp
