// How a rule is applied to theta: whole ranges, and of pieces whose gradient is 0 in most rows the other rows.
#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "nncpp/error.hpp"
#include "nncpp/optimizer.hpp"
#include "nncpp/parallel.hpp"
#include "prefetch.hpp"

namespace nncpp {
namespace {

constexpr double kWorkPerElement = 16.0;
constexpr std::size_t kMostMoments = 2;
constexpr std::size_t kMostRuns = 1 << 14;  // of rates, before rows are settled to forget them

// Rows of a piece that are updated together: copied into a block, where they are whole registers however many columns
// they have, and back.
template <typename T>
class RowBlock {
 public:
  // rows in a block
  static Index height(const RowPiece& piece) {
    return std::max<Index>(1, kElements / std::max<Index>(1, piece.columns));
  }

  RowBlock(const RowPiece& piece, std::span<const Index> rows)
      : piece_(piece), rows_(rows), size_(padded<T>(static_cast<Index>(rows.size()) * piece.columns)) {
    thread_local Buffer<T> memory;
    const Index needed = size_ * static_cast<Index>(kMostMoments + 2);
    if (memory.size() < needed) memory = Buffer<T>::uninitialized(needed);
    memory_ = memory.data();
  }

  Index size() const { return size_; }
  T* at(std::size_t slot) const { return memory_ + static_cast<Index>(slot) * size_; }

  T* gather(std::size_t slot, const T* flat) const {
    T* to = at(slot);
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      if (i + kAhead < rows_.size()) prefetch(flat + first(rows_[i + kAhead]), piece_.columns);
      to = std::copy_n(flat + first(rows_[i]), piece_.columns, to);
    }
    std::fill(to, at(slot) + size_, T(0));
    return at(slot);
  }
  void scatter(std::size_t slot, T* flat) const {
    const T* from = at(slot);
    for (const Index row : rows_) {
      std::copy_n(from, piece_.columns, flat + first(row));
      from += piece_.columns;
    }
  }

 private:
  static constexpr Index kElements = 2048;
  static constexpr std::size_t kAhead = 6;  // rows on their way from memory while one is copied
  Index first(Index row) const { return piece_.offset + row * piece_.columns; }

  const RowPiece& piece_;
  std::span<const Index> rows_;
  Index size_;
  T* memory_;
};

// f(theta, moments, block) on rows as a block of theta and of the moments, which are written back
template <typename T, typename F>
void with_rows(OptimizerState<T>& state, T* theta, const RowPiece& piece, std::span<const Index> rows, F f) {
  const RowBlock<T> block(piece, rows);
  T* const values = block.gather(0, theta);
  std::array<T*, kMostMoments> moments{};
  for (std::size_t i = 0; i < state.moments.size(); ++i) moments[i] = block.gather(1 + i, state.moments[i].data());
  f(values, moments.data(), block);
  block.scatter(0, theta);
  for (std::size_t i = 0; i < state.moments.size(); ++i) block.scatter(1 + i, state.moments[i].data());
}

}  // namespace

template <typename T>
void require_rate(double rate) {
  if (!(rate >= 0.0 && std::isfinite(static_cast<T>(rate))))
    throw DataError(
        text("learning_rate: expected a number >= 0 that is finite in float", 8 * sizeof(T), ", got ", rate));
}

std::vector<RateRange> cover(std::vector<RateRange> ranges, Index size) {
  std::sort(ranges.begin(), ranges.end(), [](const auto& a, const auto& b) { return a.begin < b.begin; });
  std::vector<RateRange> all;
  Index position = 0;
  for (const RateRange& range : ranges) {
    if (!(std::isfinite(range.factor) && range.factor >= 0))
      throw DataError(text("rate_factors: expected finite numbers >= 0, got ", range.factor));
    if (range.begin < position || range.end > size) throw Error("rate_factors: expected pieces that do not overlap");
    if (range.begin > position) all.push_back({position, range.begin});
    all.push_back(range);
    position = range.end;
  }
  if (position < size) all.push_back({position, size});
  return all;
}

template <typename T>
std::vector<RateRange> cut_out(std::span<RowPiece> pieces, std::span<const RateRange> ranges) {
  std::vector<RateRange> rest(ranges.begin(), ranges.end());
  for (RowPiece& piece : pieces) {
    const Index begin = piece.offset, end = begin + padded<T>(piece.rows * piece.columns);
    const auto around = std::find_if(rest.begin(), rest.end(),
                                     [&](const RateRange& range) { return range.begin <= begin && end <= range.end; });
    if (around == rest.end()) throw Error("row pieces: expected each one in one range, with no other piece in it");
    piece.factor = around->factor;
    const RateRange after{end, around->end, around->factor};
    around->end = begin;
    rest.insert(around + 1, after);
  }
  std::erase_if(rest, [](const RateRange& range) { return range.begin == range.end; });
  return rest;
}

template <typename T>
void OptimizerState<T>::restart_at(Index step) {
  t = step;
  for (auto& steps : last) std::fill(steps.begin(), steps.end(), step);
  rates.clear();
}

template <typename T>
OptimizerState<T> Optimizer<T>::start(Index size, std::vector<RowPiece> pieces) const {
  OptimizerState<T> state;
  for (std::size_t i = 0; i < moment_names().size(); ++i) state.moments.emplace_back(size);
  if (row_update_ == RowUpdate::kExact && moves_at_rest())
    for (const RowPiece& piece : pieces) state.last.emplace_back(static_cast<std::size_t>(piece.rows), Index{0});
  state.pieces = std::move(pieces);
  return state;
}

template <typename T>
void Optimizer<T>::step(OptimizerState<T>& state, double rate, const T* gradient, T* theta,
                        std::span<const RateRange> ranges, RowSets rows) const {
  for (const RateRange& range : ranges) require_rate<T>(rate * range.factor);
  for (const RowPiece& piece : state.pieces) require_rate<T>(rate * piece.factor);
  if (!state.last.empty()) {
    const bool is_new = state.rates.empty() || state.rates.back().rate != rate;
    if (is_new && state.rates.size() >= kMostRuns) settle(state, theta);
    if (is_new) state.rates.push_back({state.t + 1, rate});
  }
  ++state.t;
  for (const RateRange& range : ranges) {
    parallel_blocks(range.end - range.begin, kWorkPerElement, [&](Index begin, Index end) {
      const Index first = range.begin + begin;
      std::array<T*, kMostMoments> moments{};
      for (std::size_t i = 0; i < state.moments.size(); ++i) moments[i] = state.moments[i].data() + first;
      update(state.t, rate * range.factor, gradient + first, theta + first, moments.data(), end - begin);
    });
  }
  for (std::size_t p = 0; p < rows.size(); ++p) {
    const RowPiece& piece = state.pieces[p];
    const Index count = static_cast<Index>(rows[p].size()), height = RowBlock<T>::height(piece);
    parallel_for((count + height - 1) / height, kWorkPerElement * static_cast<double>(count * piece.columns),
                 [&](Index task) {
                   const Index first = task * height;
                   const auto some = rows[p].subspan(static_cast<std::size_t>(first),
                                                     static_cast<std::size_t>(std::min(height, count - first)));
                   with_rows(state, theta, piece, some, [&](T* values, T* const* moments, const RowBlock<T>& block) {
                     const T* const g = block.gather(1 + state.moments.size(), gradient);
                     update(state.t, rate * piece.factor, g, values, moments, block.size());
                   });
                 });
    if (!state.last.empty())
      for (const Index row : rows[p]) state.last[p][static_cast<std::size_t>(row)] = state.t;
  }
}

template <typename T>
void Optimizer<T>::step(OptimizerState<T>& state, double rate, const T* gradient, T* theta, Index size) const {
  const RateRange all{0, size, 1.0};
  step(state, rate, gradient, theta, {&all, 1});
}

// of the steps after `oldest`, at factor times their rates
template <typename T>
std::vector<RestingSteps::Run> Optimizer<T>::resting_runs(const OptimizerState<T>& state, double factor,
                                                          Index oldest) const {
  const auto after = [](Index step, const auto& run) { return step < run.first; };
  const auto begin = std::upper_bound(state.rates.begin(), state.rates.end(), oldest + 1, after) - 1;
  std::vector<RestingSteps::Run> runs(static_cast<std::size_t>(state.rates.end() - begin));
  double most = 0, kept = 1;
  Index end = state.t + 1;
  for (std::size_t i = runs.size(); i-- > 0;) {
    const Index first = begin[static_cast<std::ptrdiff_t>(i)].first;
    const double rate = begin[static_cast<std::ptrdiff_t>(i)].rate * factor;
    most = std::max(most, rate);
    kept *= end - first == 1 ? keep(rate) : std::pow(keep(rate), static_cast<double>(end - first));
    runs[i] = {first, rate, most, kept};
    end = first;
  }
  return runs;
}

template <typename T>
void Optimizer<T>::catch_up(OptimizerState<T>& state, T* theta, std::size_t p, std::span<const Index> rows) const {
  if (state.last.empty()) return;
  const RowPiece& piece = state.pieces[p];
  const auto last = [&](Index row) -> Index& { return state.last[p][static_cast<std::size_t>(row)]; };
  std::vector<Index> behind;
  for (const Index row : rows)
    if (last(row) < state.t) behind.push_back(row);
  if (behind.empty()) return;
  // those that have slept through the same steps are brought along together
  std::sort(behind.begin(), behind.end(),
            [&](Index a, Index b) { return std::pair(last(a), a) < std::pair(last(b), b); });
  std::vector<std::span<const Index>> blocks;
  const auto height = static_cast<std::size_t>(RowBlock<T>::height(piece));
  for (std::size_t begin = 0, end; begin < behind.size(); begin = end) {
    for (end = begin + 1; end < behind.size() && end < begin + height && last(behind[end]) == last(behind[begin]);)
      ++end;
    blocks.push_back(std::span<const Index>(behind).subspan(begin, end - begin));
  }
  const Index oldest = last(behind.front());
  const auto runs = resting_runs(state, piece.factor, oldest);
  const std::vector<double> table = resting_table({oldest, state.t, runs});
  constexpr Index kUsualSteps = 64;  // until theta stands still
  const double work = kWorkPerElement * static_cast<double>(std::min(state.t - oldest, kUsualSteps)) *
                      static_cast<double>(static_cast<Index>(behind.size()) * piece.columns);
  parallel_for(static_cast<Index>(blocks.size()), work, [&](Index task) {
    const auto block_rows = blocks[static_cast<std::size_t>(task)];
    const Index since = last(block_rows.front());
    const auto after = [](Index step, const auto& run) { return step < run.first; };
    const auto run = std::upper_bound(runs.begin(), runs.end(), since + 1, after) - 1;
    with_rows(state, theta, piece, block_rows, [&](T* values, T* const* moments, const RowBlock<T>& block) {
      rest({since, state.t, {run, runs.end()}, table}, values, moments, block.size());
    });
  });
  for (const Index row : behind) last(row) = state.t;
}

template <typename T>
void Optimizer<T>::settle(OptimizerState<T>& state, T* theta) const {
  if (state.rates.empty()) return;
  for (std::size_t p = 0; p < state.pieces.size(); ++p) {
    std::vector<Index> rows(static_cast<std::size_t>(state.pieces[p].rows));
    std::iota(rows.begin(), rows.end(), Index{0});
    catch_up(state, theta, p, rows);
  }
  state.rates.clear();
}

#define NNCPP_INSTANTIATE(T)                                                                   \
  template void require_rate<T>(double);                                                       \
  template std::vector<RateRange> cut_out<T>(std::span<RowPiece>, std::span<const RateRange>); \
  template struct OptimizerState<T>;                                                           \
  template class Optimizer<T>;
NNCPP_INSTANTIATE(float)
NNCPP_INSTANTIATE(double)
#undef NNCPP_INSTANTIATE

}  // namespace nncpp
