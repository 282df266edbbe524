// v = W[token]: a row of D numbers for each token 0 ... C - 1;  tokens (N, ...), W (C, D), v (N, ..., D)
// dW[c] = sum of dv over the places where the token is c: 0 but in the rows picked. Tokens have no gradient.
// W ~ uniform(-0.05, 0.05) unless told otherwise. Its fans are those of the product of one-hot rows with W.
// Bengio, Ducharme, Vincent, Jauvin, "A neural probabilistic language model", JMLR 3, 2003
#pragma once

#include "nncpp/layer.hpp"

namespace nncpp {

template <typename T>
class Embedding final : public Layer<T> {
 public:
  struct Options {
    Index vocabulary = 1, dimensions = 1;  // C, D
    bool is_trainable = true;
    Initializer weight_initializer{Initializer::Kind::kUniform, -0.05, 0.05};
  };
  // throws DataError unless vocabulary >= 1 and dimensions >= 1
  explicit Embedding(const Options& options);

  std::string kind() const override { return "Embedding"; }
  Steps steps() const override { return Steps::kEach; }
  Index num_tokens(std::size_t /*i*/) const override { return options_.vocabulary; }
  Shape output_shape(std::span<const Shape> inputs) const override;
  std::vector<SegmentSpec> parameters(std::span<const Shape> inputs) const override;
  bool backward_reads_inputs() const override { return false; }
  bool backward_reads_output() const override { return false; }
  void forward(const Forward<T>& pass) const override;
  void backward(const Backward<T>& pass) const override;

 private:
  Options options_;
};

}  // namespace nncpp
