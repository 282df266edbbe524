#include "nncpp/layers/reduction.hpp"

#include "axes.hpp"
#include "broadcast.hpp"
#include "nncpp/dual.hpp"

namespace nncpp {
namespace {

constexpr std::array<std::string_view, 3> kKinds{"Sum", "Mean", "Max"};

// f(kept, offset of the first of its elements) for the elements of the result
template <typename F>
void for_kept(const Fold<1>& fold, F f) {
  const Index block = std::max<Index>(1, 4096 / fold.folded.size());
  const auto work = static_cast<double>(fold.kept.size()) * static_cast<double>(fold.folded.size());
  parallel_for((fold.kept.size() + block - 1) / block, work, [&](Index task) {
    const Index begin = task * block, end = std::min(begin + block, fold.kept.size());
    fold.kept.for_runs(begin, end, [&](Index at, Index length, const std::array<Index, 1>& offsets) {
      for (Index i = 0; i < length; ++i) f(at + i, offsets[0] + i * fold.kept.steps()[0]);
    });
  });
}

// f(offset) for the elements that are folded to one, in their order
template <typename F>
void for_folded(const Fold<1>& fold, F f) {
  fold.folded.for_runs(0, fold.folded.size(), [&](Index, Index length, const std::array<Index, 1>& offsets) {
    for (Index i = 0; i < length; ++i) f(offsets[0] + i * fold.folded.steps()[0]);
  });
}

}  // namespace

template <typename T>
Reduction<T>::Reduction(std::string_view kind, Options options)
    : operation_(operation_of<Operation>(kKinds, kind)), options_(std::move(options)) {}

template <typename T>
std::string Reduction<T>::kind() const {
  return std::string(kKinds[static_cast<std::size_t>(operation_)]);
}

template <typename T>
std::vector<bool> Reduction<T>::is_folded(std::size_t rank) const {
  std::vector<bool> folded(rank, !options_.axes.has_value());
  if (options_.axes)
    for (const std::size_t axis : different_axes(*options_.axes, rank)) folded[axis] = true;
  return folded;
}

template <typename T>
Shape Reduction<T>::folded(const Shape& batch) const {
  const std::vector<bool> folded = is_folded(batch.rank() - 1);
  std::vector<Index> axes(batch.begin(), batch.end());
  for (std::size_t i = 0; i < folded.size(); ++i)
    if (folded[i]) axes[i + 1] = 1;
  return Shape(axes);
}

template <typename T>
Shape Reduction<T>::output_shape(std::span<const Shape> inputs) const {
  require_inputs(inputs, 1);
  const Shape& sample = inputs[0];
  const std::vector<bool> folded = is_folded(sample.rank());
  std::vector<Index> axes;
  for (std::size_t i = 0; i < sample.rank(); ++i) {
    if (!folded[i])
      axes.push_back(sample[i]);
    else if (options_.keepdims)
      axes.push_back(1);
  }
  return Shape(axes);
}

template <typename T>
void Reduction<T>::forward(const Forward<T>& pass) const {
  const auto& u = pass.inputs[0];  // (N, ...)
  const Shape result = folded(u.shape);
  T* const v = pass.output.data;
  if (operation_ != Operation::kMax) {
    const T factor = operation_ == Operation::kMean ? T(1) / T(static_cast<Real<T>>(u.size() / numel(result))) : T(1);
    return sum_to(u.data, u.shape, v, result, Write::kAssign, factor);
  }
  const Fold<1> fold(u.shape, {strides_of(u.shape)}, result);
  for_kept(fold, [&](Index at, Index first) {
    T largest = u.data[first];
    for_folded(fold, [&](Index offset) {
      const T x = u.data[first + offset];
      if (x > largest || x != x) largest = x;
    });
    v[at] = largest;
  });
}

template <typename T>
void Reduction<T>::backward(const Backward<T>& pass) const {
  const auto& du = pass.dinputs[0];  // (N, ...)
  if (!du.is_wanted()) return;
  const Shape& whole = du.to.shape;
  const Shape result = folded(whole);
  const T* const dv = pass.doutput.data;
  if (operation_ != Operation::kMax) {
    const T factor =
        operation_ == Operation::kMean ? T(1) / T(static_cast<Real<T>>(du.to.size() / numel(result))) : T(1);
    return read(Walk<1>(whole, {broadcast_strides(result, whole)}), dv, du.to.data, du.write, factor);
  }
  const Fold<1> fold(whole, {strides_of(whole)}, result);
  const T *u = pass.inputs[0].data, *v = pass.output.data;
  for_kept(fold, [&](Index at, Index first) {
    bool is_found = false;
    for_folded(fold, [&](Index offset) {
      const T x = u[first + offset];
      const bool is_largest = !is_found && (x == v[at] || x != x);
      is_found = is_found || is_largest;
      T& to = du.to.data[first + offset];
      const T value = is_largest ? dv[at] : T(0);
      to = du.write == Write::kAdd ? to + value : value;
    });
  });
}

template class Reduction<float>;
template class Reduction<double>;
template class Reduction<Dual>;

}  // namespace nncpp
