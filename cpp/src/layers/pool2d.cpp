#include "nncpp/layers/pool2d.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "../simd.hpp"
#include "nncpp/parallel.hpp"
#include "require_inputs.hpp"

namespace nncpp {
namespace {

using namespace simd::ei;

// What a window sees along an axis: pixels begin ... end - 1 of the image, the first of them at place `first`.
struct Seen {
  Index begin, end, first;
  Index count() const { return end - begin; }
};

Seen seen(const Sweep& sweep, Index position) {
  const Index start = position * sweep.stride - sweep.padding[0];
  const Index begin = std::max<Index>(start, 0);
  return {begin, std::min(start + sweep.size, sweep.length), begin - start};
}

// One window of one image.
struct View {
  Index number, image, output;  // the image's number, where it begins in u, where the window's channels begin in v
  Seen rows, columns;
  Index width, channels, places;  // pixels and places in a row of the image, of the window

  Index count() const { return rows.count() * columns.count(); }
  Index first_place() const { return rows.first * places + columns.first; }
  // where the channels of its first pixel begin in u
  Index first() const { return image + (rows.begin * width + columns.begin) * channels; }

  // f(at, place): where the channels of each pixel begin in u, and its place in the window, in row-major order
  template <typename F>
  void for_pixels(F&& f) const {
    const Index first = this->first(), row = width * channels, place = first_place();
    if (rows.count() == 2 && columns.count() == 2) {  // most pools: no loops
      f(first, place), f(first + channels, place + 1);
      f(first + row, place + places), f(first + row + channels, place + places + 1);
      return;
    }
    for (Index i = 0; i < rows.count(); ++i)
      for (Index j = 0; j < columns.count(); ++j) f(first + i * row + j * channels, place + i * places + j);
  }
};

// The steps of one of the sequences that are packed into u.
struct SequenceView {
  const Sequences& sequences;
  Index rank, number, output, channels;

  Index count() const { return sequences.length(rank); }
  Index first_place() const { return 0; }
  Index first() const { return sequences.row(rank, 0) * channels; }
  template <typename F>
  void for_pixels(F&& f) const {
    for (Index t = 0; t < count(); ++t) f(sequences.row(rank, t) * channels, t);
  }
};

// f(view) for every window of image n, or for the sequence of rank n
template <typename Geometry, typename F>
void for_windows(const Geometry& pool, Index n, F&& f) {
  const auto& [image, rows, columns, packed] = pool;
  if (packed != nullptr) {
    const Index sample = packed->sample(n);
    return f(SequenceView{*packed, n, sample, sample * image.channels, image.channels});
  }
  Index output = n * pool.size();
  for (Index y = 0; y < rows.positions; ++y)
    for (Index x = 0; x < columns.positions; ++x, output += image.channels)
      f(View{n, n * image.size(), output, seen(rows, y), seen(columns, x), image.width, image.channels, columns.size});
}

// As many channels as a register holds, or those that are left.
template <typename T, bool kIsWhole>
struct Strip {
  Index first, count;

  simd::Packet<T> load(const T* channels) const {
    if constexpr (kIsWhole) return simd::load<T>(channels + first);
    return simd::load_front<T>(channels + first, count);
  }
  void store(T* channels, const simd::Packet<T>& p) const {
    if constexpr (kIsWhole) return simd::store<T>(channels + first, p);
    simd::store_front<T>(channels + first, p, count);
  }
};

// f(strip) for all channels
template <typename T, typename F>
void for_strips(Index channels, F&& f) {
  constexpr Index L = simd::kLanes<T>;
  Index first = 0;
  for (; first + L <= channels; first += L) f(Strip<T, true>{first, L});
  if (first < channels) f(Strip<T, false>{first, channels - first});
}

constexpr double kWork = 16;  // multiply-adds that a place of a window takes as long as

// Images, in parallel; work: as kWork
template <typename Geometry, typename F>
void for_images(const Geometry& pool, Index N, double work, F&& f) {
  parallel_for(N, work * static_cast<double>(N * pool.size()) * static_cast<double>(pool.places()), f);
}

// v = reduce(view, strip) for every window
template <typename T, typename Geometry, typename F>
void pool_forward(const Geometry& pool, const Tensor<T>& v, double work, F&& reduce) {
  for_images(pool, v.shape[0], work, [&](Index n) {
    for_windows(pool, n, [&](const auto& view) {
      for_strips<T>(view.channels, [&](auto strip) { strip.store(v.data + view.output, reduce(view, strip)); });
    });
  });
}

// du = the sum over the windows that see it of share(view, strip)(at, place)
template <typename T, typename Geometry, typename F>
void pool_backward(const Geometry& pool, const Gradient<T>& du, double work, F&& share) {
  if (!du.is_wanted()) return;
  const auto is_tiled = [](const Sweep& axis) { return axis.stride == axis.size && axis.dropped == 0; };
  const bool is_once = is_tiled(pool.rows) && is_tiled(pool.columns);  // one window sees each pixel
  const Index size = pool.image.size();
  const auto spread = [&](Index n, auto adds) {
    for_windows(pool, n, [&](const auto& view) {
      for_strips<T>(view.channels, [&](auto strip) {
        const auto part = share(view, strip);
        view.for_pixels([&](Index at, Index place) {
          T* const to = du.to.data + at;
          const auto d = part(at, place);
          if constexpr (adds.value)
            strip.store(to, padd(strip.load(to), d));
          else
            strip.store(to, d);
        });
      });
    });
  };
  const Index N = pool.packed != nullptr ? pool.packed->count() : du.to.shape[0];
  for_images(pool, N, work, [&](Index n) {
    if (du.write == Write::kAssign && is_once) return spread(n, std::false_type());
    if (du.write == Write::kAssign) std::fill_n(du.to.data + n * size, size, T(0));
    spread(n, std::true_type());
  });
}

}  // namespace

template <typename T>
Pool2D<T>::Pool2D(const char* operation, const Options& options)
    : operation_(operation), is_global_(options.is_global), window_(options.window) {
  if (options.window.dilation != std::array<Index, 2>{1, 1})
    throw DataError(
        text("dilation: expected none of a pool, got ", options.window.dilation[0], ", ", options.window.dilation[1]));
}

template <typename T>
std::string Pool2D<T>::kind() const {
  return text(is_global_ ? "Global" : "", operation_, "Pool", window_.options().is_sequence ? "1D" : "2D");
}

template <typename T>
Shape Pool2D<T>::output_shape(std::span<const Shape> inputs) const {
  require_inputs(inputs, 1);
  const auto [image, rows, columns, packed] = over(inputs[0]);
  if (is_global_) return {image.channels};
  return window_.output_shape(inputs[0], image.channels);
}

template <typename T>
auto Pool2D<T>::over(const Shape& sample) const -> Geometry {
  const Image image = window_.image(sample);
  if (is_global_) {
    const auto whole = [](Index length) { return Sweep{.length = length, .size = length, .stride = length}; };
    return {image, whole(image.height), whole(image.width), nullptr};
  }
  const auto [rows, columns] = window_.over(image);
  for (const Sweep& axis : {rows, columns})
    if (std::max(axis.padding[0], axis.padding[1]) >= axis.size)
      throw ShapeError(text("expected a padding shorter than the window of ", axis.size, ", got (", axis.padding[0],
                            ", ", axis.padding[1], "): a window would lie wholly in it; 'same' fits strides of 1"));
  return {image, rows, columns, nullptr};
}

template <typename T>
auto Pool2D<T>::over(const Tensor<const T>& u, const Sequences* sequences) const -> Geometry {
  if (sequences == nullptr || !sequences->is_packed()) return over(u.shape.sample());
  Geometry pool = over({sequences->steps(), u.shape.back()});
  pool.packed = sequences;
  return pool;
}

// Max -----------------------------------------------------------------------------------------------------------------

namespace {

// f(Place()): the smallest type that holds the number of each place
template <typename F>
void with_place_type(Index places, F&& f) {
  if (places <= Index{1} << 8) return f(std::uint8_t());
  if (places <= Index{1} << 16) return f(std::uint16_t());
  f(std::uint32_t());
}

// Whole registers are stored and loaded: those of the last channels reach into the next pixel, which is stored after
// them, and behind the last pixel there is room for one more.
template <typename T>
Index places_of_image(Index size) {
  return padded<std::uint8_t>(size + simd::kLanes<T>);
}

// x and its place where x is larger, or the first NaN
template <typename T, typename P = simd::Packet<T>>
void keep_larger(P& largest, P& place, const P& x, const P& place_of_x) {
#if defined(__AVX512F__)
  if constexpr (std::is_same_v<T, float>) {  // without the detour of masks through registers
    const __mmask16 is_number = _mm512_cmp_ps_mask(largest, largest, _CMP_ORD_Q);
    const __mmask16 is_larger = _mm512_mask_cmp_ps_mask(is_number, largest, x, _CMP_NGE_UQ);
    largest = _mm512_mask_mov_ps(largest, is_larger, x);
    place = _mm512_mask_mov_ps(place, is_larger, place_of_x);
    return;
  }
#endif
  const auto is_larger = pand(pcmp_eq(largest, largest), pcmp_lt_or_nan(largest, x));
  largest = pselect(is_larger, x, largest);
  place = pselect(is_larger, place_of_x, place);
}

}  // namespace

template <typename T>
Shape MaxPool2D<T>::output_shape(std::span<const Shape> inputs) const {
  const Shape shape = Pool2D<T>::output_shape(inputs);
  if (const Index places = this->over(inputs[0]).places(); places > kMostPlaces)
    throw ShapeError(text("expected a window of at most ", kMostPlaces, " pixels, got ", places));
  return shape;
}

template <typename T>
LayerMemory MaxPool2D<T>::memory(std::span<const Shape> inputs, Index n) const {
  const auto pool = this->over(inputs[0]);
  Index bytes = n * places_of_image<T>(pool.size());
  with_place_type(pool.places(), [&](auto place) { bytes *= static_cast<Index>(sizeof(place)); });
  return {.saved = bytes / static_cast<Index>(sizeof(T))};
}

template <typename T>
void MaxPool2D<T>::forward(const Forward<T>& pass) const {
  const T* const u = pass.inputs[0].data;
  const auto pool = this->over(pass.inputs[0], pass.sequences);
  const Index gap = places_of_image<T>(pool.size()) - pool.size();
  with_place_type(pool.places(), [&](auto type) {
    auto* const saved = reinterpret_cast<decltype(type)*>(pass.saved);
    pool_forward(pool, pass.output, kWork, [&](const auto& view, auto strip) {
      auto largest = strip.load(u + view.first());
      auto place = simd::set(static_cast<T>(view.first_place()));
      view.for_pixels([&](Index at, Index k) {
        const auto x = strip.load(u + at);
        keep_larger<T>(largest, place, x, simd::set(static_cast<T>(k)));
      });
      simd::store_whole<T>(saved + view.output + view.number * gap + strip.first, place);
      return largest;
    });
  });
}

template <typename T>
void MaxPool2D<T>::backward(const Backward<T>& pass) const {
  const T* const dv = pass.doutput.data;
  const auto pool = this->over(pass.inputs[0], pass.sequences);
  const Index gap = places_of_image<T>(pool.size()) - pool.size();
  with_place_type(pool.places(), [&](auto type) {
    const auto* const saved = reinterpret_cast<const decltype(type)*>(pass.saved);
    pool_backward(pool, pass.dinputs[0], kWork, [&](const auto& view, auto strip) {
      const auto d = strip.load(dv + view.output);
      const auto place = simd::load_whole<T>(saved + view.output + view.number * gap + strip.first);
      return [=](Index, Index k) { return pselect(pcmp_eq(place, simd::set(static_cast<T>(k))), d, simd::set(T(0))); };
    });
  });
}

// Average -------------------------------------------------------------------------------------------------------------

template <typename T>
void AveragePool2D<T>::forward(const Forward<T>& pass) const {
  const T* const u = pass.inputs[0].data;
  pool_forward(this->over(pass.inputs[0], pass.sequences), pass.output, kWork, [&](const auto& view, auto strip) {
    constexpr Index kRun = 64;  // pixels that are added up before the rest: a sum of many keeps its digits
    auto total = simd::set(T(0)), run = total;
    Index length = 0;
    view.for_pixels([&](Index at, Index) {
      run = padd(run, strip.load(u + at));
      if (++length % kRun == 0) total = padd(total, run), run = simd::set(T(0));
    });
    return pdiv(padd(total, run), simd::set(static_cast<T>(length)));
  });
}

template <typename T>
void AveragePool2D<T>::backward(const Backward<T>& pass) const {
  const T* const dv = pass.doutput.data;
  pool_backward(this->over(pass.inputs[0], pass.sequences), pass.dinputs[0], kWork, [&](const auto& view, auto strip) {
    const auto d = pdiv(strip.load(dv + view.output), simd::set(static_cast<T>(view.count())));
    return [=](Index, Index) { return d; };
  });
}

// Lp ------------------------------------------------------------------------------------------------------------------

namespace {

// x^p, x >= 0
template <typename T>
simd::Packet<T> power(const simd::Packet<T>& x, double p) {
  using std::pow;
  if (p == 1) return x;
  if (p == 2) return pmul(x, x);
  if (p == 0.5) return psqrt(x);
  alignas(64) T lanes[simd::kLanes<T>];
  simd::store<T>(lanes, x);
  for (T& lane : lanes) lane = pow(lane, static_cast<T>(p));
  return simd::load<T>(lanes);
}

}  // namespace

template <typename T>
LpPool2D<T>::LpPool2D(const Options& options) : Pool2D<T>("Lp", options), p_(options.p) {
  if (!(p_ >= 1 && std::isfinite(p_))) throw DataError(text("p: expected a finite number >= 1, got ", p_));
}

// In units of the largest |u|, so that powers neither overflow nor vanish.
template <typename T>
void LpPool2D<T>::forward(const Forward<T>& pass) const {
  const T* const u = pass.inputs[0].data;
  pool_forward(this->over(pass.inputs[0], pass.sequences), pass.output, 4 * kWork, [&](const auto& view, auto strip) {
    const auto zero = simd::set(T(0)), infinity = simd::set<T>(std::numeric_limits<T>::infinity());
    auto unit = zero, total = zero;
    view.for_pixels([&](Index at, Index) { unit = pmax(unit, pabs(strip.load(u + at))); });
    unit = pselect(pand(pcmp_lt(zero, unit), pcmp_lt(unit, infinity)), unit, simd::set(T(1)));
    view.for_pixels([&](Index at, Index) { total = padd(total, power<T>(pdiv(pabs(strip.load(u + at)), unit), p_)); });
    return pmul(unit, power<T>(total, 1 / p_));
  });
}

template <typename T>
void LpPool2D<T>::backward(const Backward<T>& pass) const {
  const T *const u = pass.inputs[0].data, *const v = pass.output.data, *const dv = pass.doutput.data;
  const auto pool = this->over(pass.inputs[0], pass.sequences);
  pool_backward(pool, pass.dinputs[0], 4 * kWork, [&](const auto& view, auto strip) {
    const auto zero = simd::set(T(0)), norm = strip.load(v + view.output);
    const auto unit = pselect(pcmp_eq(norm, zero), simd::set(T(1)), norm);
    const auto d = strip.load(dv + view.output);
    return [=, p = p_](Index at, Index) {
      const auto ratio = pdiv(strip.load(u + at), unit);
      if (p == 2) return pmul(d, ratio);
      const auto slope = pmul(d, power<T>(pabs(ratio), p - 1));
      return pselect(pcmp_lt(ratio, zero), pnegate(slope), pselect(pcmp_eq(ratio, zero), zero, slope));
    };
  });
}

#define NNCPP_INSTANTIATE(T)       \
  template class Pool2D<T>;        \
  template class MaxPool2D<T>;     \
  template class AveragePool2D<T>; \
  template class LpPool2D<T>;
NNCPP_INSTANTIATE(float)
NNCPP_INSTANTIATE(double)
NNCPP_INSTANTIATE(Dual)
#undef NNCPP_INSTANTIATE

}  // namespace nncpp
