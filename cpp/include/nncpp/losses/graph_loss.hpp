// GraphLoss: L_i = g(p_i, y_i), where g is a flow graph of two inputs, the output p (N, ..., K) and the target y like
// it, and of one output: a number for each row of p. dL_i/dp is what backward through the graph gives.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "nncpp/loss.hpp"
#include "nncpp/network.hpp"

namespace nncpp {

template <typename T>
class GraphLoss final : public BatchLoss<T> {
 public:
  // throws ShapeError, DataError, unless the network has two inputs of one shape, one output of a number for each row,
  // a derivative everywhere, and nothing to train
  GraphLoss(typename BatchLoss<T>::Options options, std::shared_ptr<Network<T>> network);

  void require_valid(const Source& target, const Shape& output) const override;

 private:
  class Lease;
  void evaluate_rows(Tensor<const T> v, const Target<T>& target, Wide<T>* losses, T* dv) const override;

  std::shared_ptr<Network<T>> network_;
  mutable std::mutex mutex_;
  mutable std::vector<std::unique_ptr<Plan<T>>> idle_;
};

}  // namespace nncpp
