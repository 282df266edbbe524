// Bidirectional: one recurrent layer from the first step to the last, a second one from the last to the first, merged:
//   concat   v_t = [forward_t, backward_t], 2 H columns
//   sum, average, product   element by element, H columns
// Weights are those of both, "forward_weight" ... and "backward_weight" ...; du is the sum of both.
// Schuster, Paliwal, "Bidirectional recurrent neural networks", IEEE Trans. Signal Processing 45, 1997
#pragma once

#include <memory>

#include "nncpp/layers/recurrent.hpp"

namespace nncpp {

enum class Merge { kConcat, kSum, kProduct, kAverage };

// throws DataError that lists the names
Merge merge_from_name(std::string_view name);

template <typename T>
class Bidirectional final : public Layer<T> {
 public:
  using Direction = std::shared_ptr<const Recurrent<T>>;
  // throws DataError unless they are two directions of one sort of layer, neither stateful nor with a state to return
  Bidirectional(Direction forward, Direction backward, Merge merge);

  std::string kind() const override { return "Bidirectional"; }
  Steps steps() const override { return Steps::kReads; }
  bool keeps_steps() const override { return directions_[0]->keeps_steps(); }
  bool backward_reads_output() const override { return false; }
  Shape output_shape(std::span<const Shape> inputs) const override;
  std::vector<SegmentSpec> parameters(std::span<const Shape> inputs) const override;
  LayerMemory memory(std::span<const Shape> inputs, Index n) const override;
  void forward(const Forward<T>& pass) const override;
  void backward(const Backward<T>& pass) const override;

 private:
  struct Layout;
  template <typename Pass>
  std::array<Pass, 2> parts(const Pass& pass) const;
  template <typename Pass>
  void run(const std::array<Pass, 2>& parts) const;

  std::array<Direction, 2> directions_;
  Merge merge_;
};

}  // namespace nncpp
