#include "convolution.hpp"

#include "convolution_depthwise.hpp"
#include "nncpp/parallel.hpp"

namespace nncpp {

using namespace convolution;

namespace {

constexpr Index kTasks = 16;  // as many as this where there are fewer images
constexpr Index kParts = 8;   // sums of weight gradients, each over some of the images

Index num_parts(Index N) { return std::min(N, kParts); }

}  // namespace

template <typename T>
const T* Convolution<T>::padded_image(const T* u, Index n, Index first, Index last) const {
  const T* const image = u + n * image_.size();
  const bool has_whole_registers = !is_depthwise() || image_.channels % simd::kLanes<T> == 0;
  if (!has_zeros(rows_) && !has_zeros(columns_) && has_whole_registers) return image + first * width();
  T* const to = room<T, Use::kImage>((last - first) * width() + simd::kLanes<T>);
  pad(image, rows_, columns_, image_.channels, first, last, to);
  return to;
}

template <typename T>
Windows Convolution<T>::windows() const {
  const Index C = image_.channels;
  return {.taps = {.rows = rows_.size,
                   .pieces = pieces(),
                   .depth = is_run() ? columns_.size * C : group_channels_,
                   .row_stride = rows_.dilation * width(),
                   .piece_stride = columns_.dilation * C},
          .across = columns_.positions,
          .u_pixel = columns_.stride * C,
          .u_row = rows_.stride * width(),
          .z_pixel = filters_,
          .z_row = columns_.positions * filters_};
}

template <typename T>
void Convolution<T>::forward(Index N, const T* u, const T* W, const T* b, T* z, const Finish& finish) const {
  const Index H = rows_.positions, K = filters_;
  const Windows windows = this->windows();
  const Panels<T> panels(rows_.size * columns_.size * group_channels_, group_filters_);
  const Index packs = is_depthwise() ? 0 : groups_;  // depthwise ones are read where they lie
  T* const packed = room<T, Use::kForwardWeights>(packs * panels.size());
  for (Index g = 0; g < packs; ++g)
    panels.pack([&](Index k, Index j) { return W[k * K + g * group_filters_ + j]; }, packed + g * panels.size());

  const Index bands = work(N) < kSerialWork ? 1 : std::min(H, (kTasks + N - 1) / N);
  const Index together = std::max<Index>(1, kHotNumbers / windows.z_row);
  parallel_for(N * bands, work(N), [&](Index task) {
    const Index n = task / bands, first = task % bands * H / bands, last = (task % bands + 1) * H / bands;
    const T* const image = padded_image(u, n, first * rows_.stride, (last - 1) * rows_.stride + rows_.extent());
    for (Index y = first; y < last; y += together) {
      const Index count = std::min(together, last - y), pixel = (n * H + y) * windows.across;
      const T* const from = image + (y - first) * windows.u_row;
      if (is_depthwise())
        depthwise::correlate(windows, count, K, from, W, b, z + pixel * K, Write::kAssign);
      else
        for (Index g = 0; g < groups_; ++g)
          correlate(windows, count, from + g * group_channels_, panels, packed + g * panels.size(), 0,
                    b == nullptr ? nullptr : b + g * group_filters_, z + pixel * K + g * group_filters_,
                    Write::kAssign);
      if (finish) finish(pixel, count * windows.across);
    }
  });
}

// One image at a time: its slopes and its zeros are made once, for all gradients, while they are in the cache.
template <typename T>
class Convolution<T>::Backward {
 public:
  Backward(const Convolution& of, const T* u, const T* W, const Slopes& slopes, const Gradients& gradients)
      : of_(of), u_(u), slopes_(slopes), gradients_(gradients), turns_(gradients.du.is_wanted() && turns(of)) {
    if (turns_) {
      above_ = margins(of.rows_);
      beside_ = margins(of.columns_);
    }
    dz_row_ = (beside_[0] + of.columns_.positions + beside_[1]) * of.filters_;
    dz_rows_ = above_[0] + of.rows_.positions + above_[1];
    if (gradients.du.is_wanted()) pack(W);
  }

  // gradients of image n; dW and db are added to what is there
  void run(Index n, T* dW, T* db) const {
    const T* const dz = load(n);  // pixel (0, 0) of H' rows, dz_row_ apart
    const Pixels all{.rows = of_.rows_.positions,
                     .columns = of_.columns_.positions,
                     .u_row = of_.rows_.stride * of_.width(),
                     .u_column = of_.columns_.stride * of_.image_.channels,
                     .dz_row = dz_row_,
                     .dz_column = of_.filters_};
    if (dW != nullptr) add_weights(n, all, dz, dW);
    if (db != nullptr) add_bias(all, of_.filters_, dz, db);
    if (!gradients_.du.is_wanted()) return;
    T* const du = gradients_.du.to.data + n * of_.image_.size();
    turns_ ? correlate_back(dz, du) : spread_back(dz, du);
  }

 private:
  static constexpr Index L = simd::kLanes<T>;

  // Two ways to du. With stride 1 it is a correlation too, of dz with margins and the filters turned over. Or the
  // products of each window are added where it lies: for other strides, and where channels would fill no register.
  static bool turns(const Convolution& of) {
    const auto& [rows, columns] = std::tie(of.rows_, of.columns_);
    for (const Sweep* sweep : {&rows, &columns})
      if (sweep->stride != 1 || sweep->padding[0] >= sweep->extent()) return false;
    const Index C = of.group_channels_, F = columns.size;
    const Index turned = rows.length * columns.length * F * registers<T>(C);
    const Index windows = of.is_run() ? registers<T>(F * C) : F * registers<T>(C);
    return 10 * turned <= 11 * rows.length * columns.positions * windows;
  }
  static Zeros margins(const Sweep& sweep) {
    const Index before = sweep.extent() - 1 - sweep.padding[0];
    return {before, std::max<Index>(sweep.length + sweep.extent() - 1 - before - sweep.positions, 0)};
  }

  Panels<T> panels() const {
    const Index taps = of_.rows_.size * of_.group_filters_, C = of_.group_channels_, F = of_.columns_.size;
    return turns_ ? Panels<T>(taps * F, C) : Panels<T>(taps, of_.is_run() ? F * C : C);
  }

  // The filters as correlate_back or spread_back reads them: (group, ...) or (group, piece, ...)
  void pack(const T* W) {
    const Index Fh = of_.rows_.size, Fw = of_.columns_.size, C = of_.group_channels_, K = of_.group_filters_;
    const Panels<T> panels = this->panels();
    if (of_.is_depthwise()) {
      T* const to = room<T, Use::kBackwardWeights>(of_.weights());
      for (Index tap = 0; tap < Fh * Fw; ++tap)
        std::copy_n(W + (turns_ ? Fh * Fw - 1 - tap : tap) * of_.filters_, of_.filters_, to + tap * of_.filters_);
      packed_ = to;
      return;
    }
    const Index pieces = turns_ ? 1 : of_.pieces();
    T* to = room<T, Use::kBackwardWeights>(of_.groups_ * pieces * panels.size());
    packed_ = to;
    for (Index g = 0; g < of_.groups_; ++g) {
      for (Index q = 0; q < pieces; ++q, to += panels.size()) {
        const auto weight = [&](Index i, Index j, Index c, Index k) {
          return W[((i * Fw + j) * C + c) * of_.filters_ + g * K + k];
        };
        if (turns_)
          panels.pack(
              [&](Index tap, Index c) { return weight(Fh - 1 - tap / K / Fw, Fw - 1 - tap / K % Fw, c, tap % K); }, to);
        else
          panels.pack([&](Index tap, Index c) { return weight(tap / K, q, c, tap % K); }, to);
      }
    }
  }

  // dz of an image, with margins where turns_; whole registers may be read behind its last number
  const T* load(Index n) const {
    const Index H = of_.rows_.positions, across = of_.columns_.positions, K = of_.filters_;
    T* const to = room<T, Use::kSlopes>(dz_rows_ * dz_row_ + L);
    if (dz_rows_ == H && dz_row_ == across * K) {
      const T* const dz = slopes_(n * H * across, H * across, to);
      if (dz == to || (of_.group_filters_ % L == 0 && of_.filters_ % L == 0)) return dz;
      std::copy_n(dz, H * across * K, to);
      return to;
    }
    T* const row = room<T, Use::kWindows>(across * K);
    std::fill_n(to, above_[0] * dz_row_, T(0));
    T* at = to + above_[0] * dz_row_;
    for (Index y = 0; y < H; ++y) {
      at = std::fill_n(at, beside_[0] * K, T(0));
      at = std::copy_n(slopes_((n * H + y) * across, across, row), across * K, at);
      at = std::fill_n(at, beside_[1] * K, T(0));
    }
    std::fill_n(at, above_[1] * dz_row_, T(0));
    return to + above_[0] * dz_row_ + beside_[0] * K;
  }

  // dW[i, j, c, k] += sum over y, x of u dz
  void add_weights(Index n, const Pixels& all, const T* dz, T* dW) const {
    const auto& [rows, columns] = std::tie(of_.rows_, of_.columns_);
    const T* const image = of_.padded_image(u_, n, 0, rows.padded_length());
    const Index together = std::max<Index>(1, kHotNumbers / (columns.positions * of_.filters_));
    for (Index y = 0; y < rows.positions; y += together) {
      const T *const from = image + y * all.u_row, *const slopes = dz + y * dz_row_;
      Pixels pixels = all;
      pixels.rows = std::min(together, rows.positions - y);
      if (of_.is_depthwise()) {
        const Index C = of_.image_.channels;
        const Taps taps{rows.size, columns.size, 1, rows.dilation * of_.width(), columns.dilation * C};
        depthwise::add_weights(taps, pixels, C, from, slopes, dW);
        continue;
      }
      for (Index g = 0; g < of_.groups_; ++g)
        Panels<T>(0, of_.group_filters_).for_each(0, [&](const auto& panel) {
          const Index k = g * of_.group_filters_ + panel.first;
          add_panel(pixels, panel, from + g * of_.group_channels_, slopes + k, dW + k);
        });
    }
  }
  // The same of some filters and the channels of their group.
  template <typename Panel>
  void add_panel(const Pixels& pixels, const Panel& panel, const T* u, const T* dz, T* dW) const {
    const Index Fw = of_.columns_.size, C = of_.group_channels_, K = of_.filters_;
    const Index piece = of_.is_run() ? Fw * C : C, window_row = of_.rows_.dilation * of_.width();
    const Edge<T> edge{nullptr, true, panel.last};
    const Pieces tiles(piece, kSums / panel.registers);
    // short pieces: from several rows of the window at a time
    const bool is_short = panel.registers == 1 && tiles.count == 1;
    const bool is_gray = is_short && pixels.u_column == 1 && of_.is_run() && gray::has_tiles(piece);
    const Pieces down(of_.rows_.size, is_gray ? gray::most_rows(piece) : is_short ? most_rows(piece) : 1);
    for (Index d = 0; d < down.count; ++d) {
      const Index i = down.begin(d), rows = down.begin(d + 1) - i;
      for (Index q = 0; q < of_.pieces(); ++q) {
        const T* const from = u + i * window_row + q * of_.columns_.dilation * of_.image_.channels;
        T* const to = dW + (i * Fw + q) * C * K;
        if (is_gray) {
          gray::weights(piece, rows, pixels, from, window_row, dz, to, K, edge);
          continue;
        }
        for (Index t = 0; t < tiles.count; ++t) {
          const Index c = tiles.begin(t), length = tiles.begin(t + 1) - c;
          weights_tile_of<T>(rows, length, panel.registers)(pixels, from + c, window_row, dz, to + c * K, Fw * C * K, K,
                                                            edge);
        }
      }
    }
  }

  // du[y, x, c] = sum over i, j, k of dz with margins [y + i D, x + j D, k] W[F - 1 - i, F - 1 - j, c, k]
  void correlate_back(const T* dz, T* du) const {
    const Index C = of_.image_.channels, K = of_.filters_, F = of_.columns_.size;
    const Windows windows{.taps = {.rows = of_.rows_.size,
                                   .pieces = of_.pieces(),
                                   .depth = of_.is_run() ? F * K : of_.group_filters_,
                                   .row_stride = of_.rows_.dilation * dz_row_,
                                   .piece_stride = of_.columns_.dilation * K},
                          .across = of_.image_.width,
                          .u_pixel = K,
                          .u_row = dz_row_,
                          .z_pixel = C,
                          .z_row = of_.image_.width * C};
    const T* const first = dz - above_[0] * dz_row_ - beside_[0] * K;
    if (of_.is_depthwise())
      return depthwise::correlate<T>(windows, of_.image_.height, C, first, packed_, nullptr, du, gradients_.du.write);
    const Panels<T> panels = this->panels();
    for (Index g = 0; g < of_.groups_; ++g)
      correlate<T>(windows, of_.image_.height, first + g * of_.group_filters_, panels, packed_ + g * panels.size(), 0,
                   nullptr, du + g * of_.group_channels_, gradients_.du.write);
  }

  // Row by row of u: row Y = y S + i D of the padded image gets dz[y, x, k] W[i, j, c, k] from each i that met it.
  void spread_back(const T* dz, T* du) const {
    const auto& [rows, columns] = std::tie(of_.rows_, of_.columns_);
    const Index C = of_.image_.channels, K = of_.filters_, across = columns.positions, width = of_.image_.width * C;
    const Index piece = of_.is_run() ? columns.size * C : of_.group_channels_;
    const Index products_width = registers<T>(piece) * L;
    // i, i + 1, ... met rows y, y - 1, ... of z
    const bool is_dense = rows.stride == 1 && rows.dilation == 1 && !of_.is_depthwise();
    const Panels<T> panels = this->panels();
    T* const sum = room<T, Use::kSum>(of_.width());
    T* const products = room<T, Use::kWindows>(across * products_width);
    for (Index row = 0; row < of_.image_.height; ++row) {
      std::fill_n(sum, of_.width(), T(0));
      for (Index i = 0; i < rows.size; ++i) {
        const Index S = rows.stride, offset = row + rows.padding[0] - i * rows.dilation, y = offset / S;
        if (offset < 0 || offset % S != 0 || y >= rows.positions) continue;
        const Windows windows{.taps = {.rows = is_dense ? std::min(rows.size - i, y + 1) : 1,
                                       .pieces = 1,
                                       .depth = of_.group_filters_,
                                       .row_stride = -dz_row_,
                                       .piece_stride = 0},
                              .across = across,
                              .u_pixel = K,
                              .u_row = 0,
                              .z_pixel = products_width,
                              .z_row = 0};
        if (of_.is_depthwise()) {
          for (Index j = 0; j < columns.size; ++j)
            depthwise::spread(across, C, dz + y * dz_row_, packed_ + (i * columns.size + j) * C,
                              sum + j * columns.dilation * C, columns.stride * C);
          continue;
        }
        for (Index g = 0; g < of_.groups_; ++g) {
          for (Index q = 0; q < of_.pieces(); ++q) {
            correlate<T>(windows, 1, dz + y * dz_row_ + g * of_.group_filters_, panels,
                         packed_ + (g * of_.pieces() + q) * panels.size(), i * of_.group_filters_, nullptr, products,
                         Write::kAssign);
            T* const to = sum + q * columns.dilation * C + g * of_.group_channels_;
            for (Index x = 0; x < across; ++x)
              add_to(to + x * columns.stride * C, products + x * products_width, piece);
          }
        }
        if (is_dense) break;  // they went in with this one
      }
      const T* const inside = sum + columns.padding[0] * C;
      if (gradients_.du.write == Write::kAdd)
        add_to(du + row * width, inside, width);
      else
        std::copy_n(inside, width, du + row * width);
    }
  }

  const Convolution& of_;
  const T* u_;
  const T* packed_ = nullptr;
  const Slopes& slopes_;
  const Gradients& gradients_;
  bool turns_;
  Zeros above_{}, beside_{};
  Index dz_row_ = 0, dz_rows_ = 0;
};

template <typename T>
Index Convolution<T>::memory(Index N) const {
  return num_parts(N) * (padded<T>(weights()) + padded<T>(filters_));
}

template <typename T>
void Convolution<T>::backward(Index N, const T* u, const T* W, const Slopes& dz, const Gradients& gradients,
                              T* scratch) const {
  const auto& [du, dW, db] = gradients;
  const bool has_sums = dW.is_wanted() || db.is_wanted();
  const Index parts = has_sums ? num_parts(N) : N, part_size = padded<T>(weights()) + padded<T>(filters_);
  const Backward pass(*this, u, W, dz, gradients);
  parallel_for(parts, work(N) * (du.is_wanted() ? 2.0 : 1.0), [&](Index part) {
    T* const sums = has_sums ? scratch + part * part_size : nullptr;
    if (has_sums) std::fill_n(sums, part_size, T(0));
    for (Index n = part * N / parts; n < (part + 1) * N / parts; ++n)
      pass.run(n, dW.is_wanted() ? sums : nullptr, db.is_wanted() ? sums + padded<T>(weights()) : nullptr);
  });
  for (const auto& [gradient, first] : {std::pair{dW, Index{0}}, std::pair{db, padded<T>(weights())}}) {
    if (!gradient.is_wanted()) continue;
    const T* const from = scratch + first;
    T* const to = gradient.to.data;
    const bool adds = gradient.write == Write::kAdd;
    parallel_blocks(gradient.to.size(), static_cast<double>(parts), [&](Index begin, Index end) {
      if (!adds) std::copy(from + begin, from + end, to + begin);
      for (Index part = adds ? 0 : 1; part < parts; ++part)
        add_to(to + begin, from + part * part_size + begin, end - begin);
    });
  }
}

template class Convolution<float>;
template class Convolution<double>;

}  // namespace nncpp
