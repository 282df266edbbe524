#include "nncpp/layers/hierarchical_softmax.hpp"

#include <algorithm>
#include <array>

#include "../picked_rows.hpp"
#include "../simd.hpp"
#include "nncpp/error.hpp"
#include "nncpp/parallel.hpp"
#include "require_inputs.hpp"

namespace nncpp {
namespace {

constexpr Index kRowsOfTask = 16;
constexpr double kNodeWork = 48;  // of a node, beside its D multiply-adds: exp, log, and a row anywhere in memory

// log(1 + exp(-t)) and its slope, exact for any t
template <typename T>
std::array<T, 2> surprise(const T& t) {
  using std::exp, std::log1p;
  if (t >= T(0)) {
    const T e = exp(-t);
    return {log1p(e), -e / (T(1) + e)};
  }
  const T e = exp(t);
  return {log1p(e) - t, T(-1) / (T(1) + e)};
}

}  // namespace

template <typename T>
HierarchicalSoftmax<T>::HierarchicalSoftmax(const Options& options)
    : places_(options.leaves.size(), -1),
      splits_(options.splits),
      weight_initializer_(options.weight_initializer),
      bias_initializer_(options.bias_initializer) {
  const Index V = num_classes();
  if (V < 2) throw DataError(text("tree: expected 2 classes or more, got ", V));
  for (Index i = 0; i < V; ++i) {
    const Index c = options.leaves[static_cast<std::size_t>(i)];
    if (c < 0 || c >= V || place(c) >= 0)
      throw DataError(text("tree: expected each of the classes 0 ... ", V - 1, " once, got ", c, " as leaf ", i));
    places_[static_cast<std::size_t>(c)] = i;
  }
  if (static_cast<Index>(splits_.size()) != V - 1)
    throw DataError(text("tree: expected ", V - 1, " splits, got ", splits_.size()));
  struct Part {
    Index first, end, depth;
  };
  std::vector<Part> rest{{0, V, 0}};  // the leftmost last
  for (const Index split : splits_) {
    while (rest.back().end - rest.back().first == 1) rest.pop_back();
    const auto [first, end, depth] = rest.back();
    if (split <= first || split >= end)
      throw DataError(text("tree: expected a split of ", first + 1, " ... ", end - 1, ", got ", split));
    rest.back() = {split, end, depth + 1};
    rest.push_back({first, split, depth + 1});
    longest_ = std::max(longest_, depth + 1);
  }
}

// f(node, is_left) from the root down to a leaf; nodes ascend
template <typename T>
template <typename F>
void HierarchicalSoftmax<T>::for_path(Index place, F f) const {
  for (Index node = 0, first = 0, end = num_classes(); end - first > 1;) {
    const Index split = splits_[static_cast<std::size_t>(node)];
    const bool is_left = place < split;
    f(node, is_left);
    node += is_left ? 1 : split - first;  // past the left subtree, which has a node fewer than leaves
    (is_left ? end : first) = split;
  }
}

// What the path of a leaf shares with those of leaves on its left ends at or before their last node.
template <typename T>
void HierarchicalSoftmax<T>::append_touched_rows(const Picks<T>& picks, std::vector<Index>& rows) const {
  std::vector<Index> places;
  for (const Index c : picks.picked) places.push_back(place(c));
  std::sort(places.begin(), places.end());
  Index last = -1;
  for (const Index place : places)
    for_path(place, [&](Index node, bool) {
      if (node > last) rows.push_back(last = node);
    });
}

template <typename T>
Shape HierarchicalSoftmax<T>::output_shape(std::span<const Shape> inputs) const {
  require_inputs(inputs, 2);
  const Shape &h = inputs[0], &classes = inputs[1];
  if (h.rank() == 0) throw ShapeError("expected rows (N, ..., D), got numbers (N)");
  std::vector<Index> axes(h.begin(), h.end());
  axes.back() = 1;
  const Shape output(axes), without_last(std::span<const Index>(axes.data(), axes.size() - 1));
  if (!(classes == without_last || classes == output))
    throw ShapeError(text("expected a class for each row of ", to_string(h, true), ", ", to_string(without_last, true),
                          ", got ", to_string(classes, true)));
  return output;
}

template <typename T>
std::vector<SegmentSpec> HierarchicalSoftmax<T>::parameters(std::span<const Shape> inputs) const {
  const Index D = inputs[0].back(), nodes = num_classes() - 1;
  return {{"weight", {nodes, D}, SegmentKind::kWeight, weight_initializer_, D, nodes},
          {"bias", {nodes}, SegmentKind::kBias, bias_initializer_, D, nodes}};
}

template <typename T>
LayerMemory HierarchicalSoftmax<T>::memory(std::span<const Shape> inputs, Index n) const {
  const Index size = numel(inputs[0].batch(n));
  return {.saved = size / inputs[0].back() * longest_, .backward = size};
}

template <typename T>
void HierarchicalSoftmax<T>::forward(const Forward<T>& pass) const {
  const auto& h = pass.inputs[0];                                            // (N, D)
  const T *const W = pass.weights[0].data, *const b = pass.weights[1].data;  // (V - 1, D), (V - 1)
  const std::vector<Index>& classes = pass.picks[1]->columns;                // (N)
  const Index N = h.rows(), D = h.columns();
  const double work = static_cast<double>(N * longest_) * (static_cast<double>(D) + kNodeWork);
  parallel_for((N + kRowsOfTask - 1) / kRowsOfTask, work, [&](Index task) {
    for (Index r = task * kRowsOfTask; r < std::min(N, (task + 1) * kRowsOfTask); ++r) {
      T* slope = pass.saved + r * longest_;  // dv/dz of the nodes on the path
      Wide<T> loss = 0;
      for_path(place(classes[static_cast<std::size_t>(r)]), [&](Index node, bool is_left) {
        const T z = dot(h.data + r * D, W + node * D, D) + b[node];
        const auto [value, derivative] = surprise(is_left ? z : -z);
        loss += value;
        *slope++ = is_left ? derivative : -derivative;
      });
      pass.output.data[r] = static_cast<T>(loss);
    }
  });
}

// dz is a sparse matrix (N, V - 1): dh = dz W, dW = dz^T h, db = dz^T 1.
template <typename T>
void HierarchicalSoftmax<T>::backward(const Backward<T>& pass) const {
  const auto& h = pass.inputs[0];
  const std::vector<Index>& classes = pass.picks[1]->columns;
  const Index N = h.rows(), nodes = num_classes() - 1;
  Picks<T> dz;
  dz.rows = N;
  dz.begins = {0};
  for (Index r = 0; r < N; ++r) {
    const T* slope = pass.saved + r * longest_;
    for_path(place(classes[static_cast<std::size_t>(r)]), [&](Index node, bool) {
      dz.columns.push_back(node);
      dz.values.push_back(*slope++ * pass.doutput.data[r]);
    });
    dz.begins.push_back(static_cast<Index>(dz.columns.size()));
  }
  if (const Gradient<T>& dh = pass.dinputs[0]; dh.is_wanted()) {
    const bool adds = dh.write == Write::kAdd;
    multiply_picked<T>(dz, pass.weights[0], adds ? pass.scratch : dh.to.data);
    for (Index i = 0; adds && i < h.size(); ++i) dh.to.data[i] += pass.scratch[i];
  }
  dz.group(nodes);
  if (pass.dweights[0].is_wanted()) multiply_picked_backward<T>(dz, h.data, pass.dweights[0]);
  if (const Gradient<T>& db = pass.dweights[1]; db.is_wanted()) {
    const std::vector<T> ones(static_cast<std::size_t>(N), T(1));
    multiply_picked_backward<T>(dz, ones.data(), {{db.to.data, {nodes, 1}}, db.write});
  }
}

template class HierarchicalSoftmax<float>;
template class HierarchicalSoftmax<double>;
template class HierarchicalSoftmax<Dual>;

}  // namespace nncpp
