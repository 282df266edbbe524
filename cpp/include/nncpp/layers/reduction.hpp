// Operators that fold axes of a sample, never the rows:
//   Sum    v = sum of u over the axes       du = dv
//   Mean   v = sum / how many               du = dv / how many
//   Max    v = the largest                  du = dv at the first of the largest, 0 elsewhere; NaN comes through
#pragma once

#include <optional>
#include <string_view>

#include "nncpp/layer.hpp"

namespace nncpp {

template <typename T>
class Reduction final : public Layer<T> {
 public:
  struct Options {
    std::optional<std::vector<Index>> axes = {};  // of a sample, negative ones from its end; none: all
    bool keepdims = false;                        // keeps folded axes with length 1
  };
  // throws DataError for any other kind
  Reduction(std::string_view kind, Options options);

  std::string kind() const override;
  bool is_operator() const override { return true; }
  Shape output_shape(std::span<const Shape> inputs) const override;
  bool backward_reads_inputs() const override { return operation_ == Operation::kMax; }
  bool backward_reads_output() const override { return operation_ == Operation::kMax; }
  void forward(const Forward<T>& pass) const override;
  void backward(const Backward<T>& pass) const override;

 private:
  enum class Operation { kSum, kMean, kMax };
  std::vector<bool> is_folded(std::size_t rank) const;
  Shape folded(const Shape& batch) const;  // with axes of length 1

  Operation operation_;
  Options options_;
};

}  // namespace nncpp
