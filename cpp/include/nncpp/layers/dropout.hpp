// training: v = m u / (1 - rate), m_i = 1 with probability 1 - rate, else 0;  du = m dv / (1 - rate)
// inference: v = u, du = dv.  u, v, m (N, ...); rate is the probability of dropping
// A spatial one drops whole channels: m (N, C), each for all of a channel of one image (N, H, W, C) or of one sequence
// (N, T, C).
// m is a function of (seed, layer, step, index), so backward makes it again instead of keeping it.
// Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov, "Dropout", JMLR 15, 2014; scaled in training ("inverted");
// Tompson, Goroshin, Jain, LeCun, Bregler, "Efficient object localization using convolutional networks", CVPR 2015
#pragma once

#include "nncpp/layer.hpp"
#include "nncpp/window.hpp"

namespace nncpp {

enum class Dropped { kNumbers, kChannelsOfImages, kChannelsOfSequences };

template <typename T>
class Dropout final : public Layer<T> {
 public:
  // throws DataError unless 0 <= rate < 1
  explicit Dropout(double rate, Dropped dropped = Dropped::kNumbers);

  std::string kind() const override;
  Steps steps() const override {
    if (dropped_ == Dropped::kNumbers) return Steps::kEach;
    return dropped_ == Dropped::kChannelsOfSequences ? Steps::kReads : Steps::kMixes;
  }
  Shape output_shape(std::span<const Shape> inputs) const override;
  bool backward_reads_inputs() const override { return false; }
  bool backward_reads_output() const override { return false; }
  void forward(const Forward<T>& pass) const override;
  void backward(const Backward<T>& pass) const override;

 private:
  double rate_;
  Dropped dropped_;
};

}  // namespace nncpp
