// Recurrent layers: h_t = cell(x_t, h_{t-1}), the same cell and weights for all steps t of a sequence.
// u (N, T, D); v (N, T, H) with all h_t, or (N, H) with the last one of each sequence. Of a cell with G gates
//   z = x_t W + b,  r = h_{t-1} U [+ its own bias];  W (D, G H), U (H, G H), b (G H), z, r (G H), gate g at g H ...
// b = 0 at first, W ~ Glorot uniform and U orthogonal for each gate unless told otherwise;
// and what it makes of z and r is in simple_rnn.hpp, lstm.hpp and gru.hpp. An LSTM has a second state c_t.
//   first states: 0; or inputs 1, 2 (N, H), which then have gradients; or, of a stateful layer, those that the batch
//     before left, row for row
//   is_reverse: from the last step of each sequence to its first; v stays in the order of u
//   truncate = k: no gradient goes back from a step t with t % k == 0 to the one before (truncated backpropagation
//     through time), while states do go on
//   returns_state: v has all states of the cell side by side, (N, T, 2 H) of an LSTM
//   dropout, recurrent_dropout in training: x_t and h_{t-1} are multiplied by masks before they meet W and U, one mask
//     for all steps of a sequence (scaled as in dropout.hpp)
// All z are one product. Then sequences are independent: a few of them at a time go through all of their steps, on one
// thread. Backward likewise, then dW = u^T dz, dU = (h_{t-1} of all steps)^T dr, du = dz W^T, each one product.
// Elman, "Finding structure in time", Cognitive Science 14, 1990; Werbos, "Backpropagation through time", Proc. IEEE
// 78, 1990; Williams, Peng, "An efficient gradient-based algorithm for on-line training of recurrent network
// trajectories", Neural Computation 2, 1990 (truncation); Gal, Ghahramani, "A theoretically grounded application of
// dropout in recurrent neural networks", NIPS 2016.
#pragma once

#include <array>
#include <string_view>

#include "nncpp/layer.hpp"

namespace nncpp {

struct RecurrentOptions {
  Index units = 1;  // H
  bool returns_sequences = false;
  bool is_reverse = false;
  bool returns_state = false;
  Index num_streams = 0;  // of a stateful layer: the rows of a batch; 0: it starts anew with each batch
  Index truncate = 0;     // k; 0: gradients go back all the way
  double dropout = 0, recurrent_dropout = 0;
  Initializer weight_initializer{Initializer::Kind::kGlorotUniform};
  Initializer recurrent_initializer{Initializer::Kind::kOrthogonal, 1.0};
};

// Rows of an array that lie `stride` apart.
template <typename T>
struct StepRows {
  T* data = nullptr;
  Index stride = 0;
  T* operator[](Index row) const { return data + row * stride; }
  operator StepRows<const T>() const { return {data, stride}; }
};

inline constexpr std::size_t kMostStates = 2;

// One step of a few sequences, one in each row.
template <typename T>
struct StepForward {
  Index rows, units;
  StepRows<T> gates;                           // (G H): in z, out what backward needs to know of the gates
  StepRows<const T> product;                   // (G H): r
  StepRows<T> kept;                            // (num_kept H): what else it needs
  std::array<StepRows<T>, kMostStates> state;  // (H) each: in those at t - 1, out those at t
};

template <typename T>
struct StepBackward {
  Index rows, units;
  StepRows<const T> gates, kept;
  std::array<StepRows<const T>, kMostStates> previous;  // the states at t - 1
  StepRows<T> dz, dproduct;                             // (G H) each; one array where r is only added to z
  std::array<StepRows<T>, kMostStates> dstate;  // in dL/dstate_t, out dL/dstate_{t-1} but for what goes through r
};

template <typename T>
class Recurrent : public Layer<T> {
 public:
  // throws DataError unless units >= 1, 0 <= rates < 1, num_streams and truncate >= 0
  explicit Recurrent(const RecurrentOptions& options);

  Steps steps() const override { return Steps::kReads; }
  bool keeps_steps() const override { return options_.returns_sequences; }
  Index num_streams() const override { return options_.num_streams; }
  bool backward_reads_output() const override { return false; }
  Shape output_shape(std::span<const Shape> inputs) const override;
  std::vector<SegmentSpec> parameters(std::span<const Shape> inputs) const override;
  std::vector<SegmentSpec> state(std::span<const Shape> inputs) const override;
  LayerMemory memory(std::span<const Shape> inputs, Index n) const override;
  void forward(const Forward<T>& pass) const override;
  void backward(const Backward<T>& pass) const override;

  // The same in parts, so that Bidirectional can run two layers in one region. Rows of pass.output (pass.doutput) lie
  // as far apart as its shape has columns.
  void begin(const Forward<T>& pass) const;
  void run(const Forward<T>& pass, Index group) const;
  void begin(const Backward<T>& pass) const;
  void run(const Backward<T>& pass, Index group) const;
  void end(const Backward<T>& pass) const;
  static Index num_groups(const Sequences& sequences);
  double work(const Sequences& sequences) const;  // multiply-adds of all groups

  const RecurrentOptions& options() const { return options_; }

 protected:
  // of the cell
  virtual Index num_gates() const = 0;
  virtual Index num_states() const { return 1; }
  virtual Index num_kept() const { return 0; }
  virtual bool has_recurrent_bias() const { return false; }  // then r has a gradient of its own, too
  virtual void step(const StepForward<T>& step) const = 0;
  virtual void step(const StepBackward<T>& step) const = 0;

 private:
  struct Layout;

  RecurrentOptions options_;
};

}  // namespace nncpp
