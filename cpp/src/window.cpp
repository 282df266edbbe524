#include "nncpp/window.hpp"

#include <algorithm>

#include "nncpp/error.hpp"

namespace nncpp {
namespace {

constexpr std::array<const char*, 2> kAxes{"rows", "columns"};
constexpr Index kMost = Index{1} << 20;  // of a window's numbers: sums and products of a few never overflow

void require_between(const char* name, Index value, Index least) {
  if (value < least || value > kMost)
    throw DataError(text(name, ": expected ", least, " ... ", kMost, ", got ", value));
}

std::string in_words(const std::vector<Zeros>& paddings) {
  std::string words;
  for (const auto& [before, after] : paddings)
    words += text(words.empty() ? "" : " or ", "(", before, ", ", after, ")");
  return words;
}

}  // namespace

std::vector<Zeros> Sweep::fitting_paddings() const {
  std::vector<Zeros> paddings;
  for (Index zeros = 0; zeros < extent() && paddings.empty(); ++zeros)
    if (length + 2 * zeros >= extent() && (length + 2 * zeros - extent()) % stride == 0)
      paddings.push_back({zeros, zeros});
  const Zeros more{padding[0], padding[1] + (stride - dropped) % stride};
  if (std::find(paddings.begin(), paddings.end(), more) == paddings.end()) paddings.push_back(more);
  return paddings;
}

Window::Window(const Options& options) : options_(options) {
  for (std::size_t axis = 0; axis < 2; ++axis) {
    require_between("window", options.size[axis], 1);
    require_between("strides", options.strides[axis], 1);
    require_between("dilation", options.dilation[axis], 1);
    for (const Index zeros : options.padding[axis]) require_between("padding", zeros, 0);
  }
}

Image Window::image(const Shape& sample) const {
  if (options_.is_sequence) {
    if (sample.rank() != 2) throw ShapeError(text("expected a sequence (N, T, C), got ", to_string(sample, true)));
    return {1, sample[0], sample[1]};
  }
  if (sample.rank() != 3)
    throw ShapeError(text("expected an image (N, H, W, C), got ", to_string(sample, true),
                          sample.rank() == 2 ? "; one of a single channel is (H, W, 1)" : ""));
  return {sample[0], sample[1], sample[2]};
}

std::array<Sweep, 2> Window::over(const Image& image) const {
  std::array<Sweep, 2> sweeps;
  const std::array<Index, 2> lengths{image.height, image.width};
  for (std::size_t axis = 0; axis < 2; ++axis) {
    Sweep& sweep = sweeps[axis];
    sweep = {lengths[axis], options_.size[axis], options_.strides[axis], options_.dilation[axis],
             options_.padding[axis]};
    const Index V = sweep.length, S = sweep.stride;
    const bool has_axis = axis == 1 || !options_.is_sequence;
    if (options_.is_same && has_axis) {
      const Index zeros = (V - 1) * S + sweep.extent() - V;  // never negative
      sweep.padding = {zeros / 2, zeros - zeros / 2};
    }
    const Index room = sweep.padded_length() - sweep.extent();
    const char* const name = options_.is_sequence ? "steps" : kAxes[axis];
    if (room < 0)
      throw ShapeError(text("expected at least ", sweep.extent(), " ", name, " for a window of ", sweep.extent(),
                            ", got ", V, V == sweep.padded_length() ? "" : text(", ", sweep.padded_length(), " padded"),
                            "; take a smaller window or more padding"));
    sweep.positions = room / S + 1;
    sweep.dropped = room % S;
    if (options_.is_strict && sweep.dropped > 0)
      throw ShapeError(text("expected ", name, " that a window of ", sweep.extent(), " with stride ", S,
                            " divides (strict), got ", sweep.padded_length(), ", of which ", sweep.dropped,
                            " would be dropped; padding ", in_words(sweep.fitting_paddings()), " would fit"));
  }
  numel({sweeps[0].padded_length(), sweeps[1].padded_length(), image.channels});  // throws: it may have to be made
  return sweeps;
}

Shape Window::output_shape(const Shape& sample, Index channels) const {
  const auto [rows, columns] = over(image(sample));
  if (options_.is_sequence) return {columns.positions, channels};
  return {rows.positions, columns.positions, channels};
}

}  // namespace nncpp
