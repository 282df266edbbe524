// Optimizers: one pass over flat vectors theta, g and the moments. They never learn what a layer is.
// t counts steps and is advanced in Optimizer::step only. All vectors are padded to whole cache lines, as Buffer has
// it, and updated in whole registers; where g is 0, as in the padding, nothing moves.
#pragma once

#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "nncpp/tensor.hpp"

namespace nncpp {

// A matrix (rows, columns) at theta + offset with a gradient that is 0 but in some of its rows. It moves at factor
// times the learning rate.
struct RowPiece {
  Index offset = 0, rows = 0, columns = 0;
  double factor = 1.0;
};

// by piece: rows of it, none twice
using RowSets = std::span<const std::span<const Index>>;

// What becomes of a row whose gradient is 0. kExact: what the rule says, as soon as the row is caught up: moments
// decay, theta moves on with what is left of them, and decays. kLazy: nothing, until a gradient comes.
enum class RowUpdate { kExact, kLazy };

// From step `first` on, until the next run begins.
struct RateRun {
  Index first = 0;
  double rate = 0;
};

// What an optimizer remembers between steps.
template <typename T>
struct OptimizerState {
  Index t = 0;
  std::vector<Buffer<T>> moments;  // each like theta
  std::vector<RowPiece> pieces = {};
  // By piece and row: the step that the row has been brought to. Of no length where no row ever waits: if the update is
  // lazy, or a gradient of 0 is no step.
  std::vector<std::vector<Index>> last = {};
  std::vector<RateRun> rates = {};  // of the steps since `settle`: empty if no row waits

  // at step t, and all rows with it
  void restart_at(Index step);
};

// Elements [begin, end) move at factor times the learning rate.
struct RateRange {
  Index begin = 0, end = 0;
  double factor = 1.0;
};

// the ranges in order, and all that they leave out of [0, size) at factor 1
// throws DataError for a factor that is no finite number >= 0, Error for ranges that overlap
std::vector<RateRange> cover(std::vector<RateRange> ranges, Index size);

// the ranges without the pieces, each of which takes over the factor of the range that it lies in
template <typename T>
std::vector<RateRange> cut_out(std::span<RowPiece> pieces, std::span<const RateRange> ranges);

// The steps in which a row had no gradient: those after `last` up to t.
struct RestingSteps {
  // steps first ... until the next run begins, or t
  struct Run {
    Index first;
    double rate;
    double most;  // the largest rate from here to t
    double kept;  // of theta after decay alone from here to t
  };
  Index last, t;
  std::span<const Run> runs;           // last + 1 is in the first one
  std::span<const double> table = {};  // what the rule has worked out for all rows at once: resting_table

  Index count() const { return t - last; }
};

template <typename T>
class Optimizer {
 public:
  explicit Optimizer(RowUpdate row_update) : row_update_(row_update) {}
  virtual ~Optimizer() = default;
  virtual std::vector<std::string> moment_names() const = 0;

  OptimizerState<T> start(Index size, std::vector<RowPiece> pieces = {}) const;

  // One step: elements of the ranges, and of each piece the rows given. Their cost is all it costs.
  // requires: begin and end of each range on whole cache lines; no range overlaps a piece; the rows are caught up
  // throws as require_rate does
  // ensures: t is one more; every element of theta depends on its own g and moments only
  void step(OptimizerState<T>& state, double rate, const T* gradient, T* theta, std::span<const RateRange> ranges,
            RowSets rows = {}) const;
  void step(OptimizerState<T>& state, double rate, const T* gradient, T* theta, Index size) const;

  // Brings rows of a piece to step t: they are then, to rounding, what steps with a gradient of 0 would have made of
  // them. To be called before anything reads them.
  void catch_up(OptimizerState<T>& state, T* theta, std::size_t piece, std::span<const Index> rows) const;
  // all rows of all pieces; costs nothing if no row waits
  void settle(OptimizerState<T>& state, T* theta) const;

 private:
  // step t on `size` elements, a whole number of registers
  virtual void update(Index t, double rate, const T* g, T* theta, T* const* moments, Index size) const = 0;
  // whether a step with a gradient of 0 changes anything, and what it then does in so many steps
  virtual bool moves_at_rest() const = 0;
  virtual void rest(const RestingSteps& steps, T* theta, T* const* moments, Index size) const = 0;
  // numbers of the steps up to t that do not depend on the row; `steps` are those of the row that rests longest
  virtual std::vector<double> resting_table(const RestingSteps& /*steps*/) const { return {}; }
  // what a step leaves of theta before it moves
  virtual double keep(double /*rate*/) const { return 1.0; }

  std::vector<RestingSteps::Run> resting_runs(const OptimizerState<T>& state, double factor, Index oldest) const;

  RowUpdate row_update_;
};

// throws DataError unless rate is >= 0 and finite as a T
template <typename T>
void require_rate(double rate);

// How large a gradient may go into a step: first |g_i| <= value for each entry, then |g|_2 <= norm, by
// g = g norm / |g|_2. Pascanu, Mikolov, Bengio, ICML 2013
struct Clipping {
  double value = std::numeric_limits<double>::infinity();
  double norm = std::numeric_limits<double>::infinity();
};

// clips g in place and returns the |g|_2 that it then has, not finite where g^2 is not. With such a norm, and where
// rate times it is not finite as a T, g^2 or SGD's step would leave the numbers, and the step is not to be taken.
template <typename T>
double clip(const Clipping& clipping, T* g, Index size);
// of the ranges and of rows of the pieces only: the rest is neither read nor written
template <typename T>
double clip(const Clipping& clipping, T* g, std::span<const RateRange> ranges, std::span<const RowPiece> pieces,
            RowSets rows);
template <typename T>
bool is_step_finite(double rate, double norm);

// v = momentum v - rate g;  theta += v          (Polyak 1964); momentum 0 keeps no v
// nesterov: theta += momentum v - rate g        (Sutskever et al., ICML 2013, in the look-ahead variable)
template <typename T>
class SGD final : public Optimizer<T> {
 public:
  // throws DataError unless 0 <= momentum < 1; nesterov needs momentum > 0
  explicit SGD(double momentum = 0.0, bool nesterov = false, RowUpdate row_update = RowUpdate::kExact);
  std::vector<std::string> moment_names() const override;

 private:
  void update(Index t, double rate, const T* g, T* theta, T* const* moments, Index size) const override;
  bool moves_at_rest() const override { return momentum_ != T(0); }
  void rest(const RestingSteps& steps, T* theta, T* const* moments, Index size) const override;
  T momentum_;
  bool nesterov_;
};

// d(r) = sqrt(r) + epsilon, or sqrt(r + epsilon) where it is inside the root: what adaptive rates divide by.
// epsilon > 0 also as a T.
struct Damping {
  double epsilon = 1e-8;
  bool is_inside_root = false;
};

// r += g^2;  theta -= rate g / d(r).  Duchi, Hazan, Singer, JMLR 12, 2011
template <typename T>
class AdaGrad final : public Optimizer<T> {
 public:
  // throws DataError unless epsilon > 0
  explicit AdaGrad(const Damping& damping, RowUpdate row_update = RowUpdate::kExact);
  std::vector<std::string> moment_names() const override { return {"r"}; }

 private:
  void update(Index t, double rate, const T* g, T* theta, T* const* moments, Index size) const override;
  bool moves_at_rest() const override { return false; }
  void rest(const RestingSteps&, T*, T* const*, Index) const override {}
  Damping damping_;
};

// r = rho r + (1 - rho) g^2;  theta -= rate g / d(r).  Tieleman, Hinton, lecture 6.5, 2012
template <typename T>
class RMSProp final : public Optimizer<T> {
 public:
  // throws DataError unless 0 <= rho < 1 and epsilon > 0
  RMSProp(double rho, const Damping& damping, RowUpdate row_update = RowUpdate::kExact);
  std::vector<std::string> moment_names() const override { return {"r"}; }

 private:
  void update(Index t, double rate, const T* g, T* theta, T* const* moments, Index size) const override;
  bool moves_at_rest() const override { return true; }
  void rest(const RestingSteps& steps, T* theta, T* const* moments, Index size) const override;
  double rho_;
  Damping damping_;
};

// r = rho r + (1 - rho) g^2;  u = g sqrt(s + epsilon) / sqrt(r + epsilon);  s = rho s + (1 - rho) u^2;  theta -= rate u
// Zeiler, arXiv:1212.5701, 2012
template <typename T>
class Adadelta final : public Optimizer<T> {
 public:
  // throws DataError unless 0 <= rho < 1 and epsilon > 0
  Adadelta(double rho, double epsilon, RowUpdate row_update = RowUpdate::kExact);
  std::vector<std::string> moment_names() const override { return {"r", "s"}; }

 private:
  void update(Index t, double rate, const T* g, T* theta, T* const* moments, Index size) const override;
  bool moves_at_rest() const override { return true; }
  void rest(const RestingSteps& steps, T* theta, T* const* moments, Index size) const override;
  double rho_, epsilon_;
};

// theta *= 1 - rate weight_decay   (AdamW: Loshchilov, Hutter, ICLR 2019; 0 leaves it out)
// m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2
// theta -= rate (m / (1 - beta1^t)) / d(v / (1 - beta2^t))
// bias_correction = false leaves both divisions out. Kingma, Ba, ICLR 2015; epsilon outside the root, as printed there.
template <typename T>
class Adam final : public Optimizer<T> {
 public:
  struct Options {
    double beta1 = 0.9, beta2 = 0.999;
    Damping damping{};
    bool bias_correction = true;
    double weight_decay = 0.0;
    RowUpdate row_update = RowUpdate::kExact;
  };
  // throws DataError unless 0 <= beta < 1, weight_decay >= 0 and epsilon is a normal number of T
  explicit Adam(const Options& options);
  std::vector<std::string> moment_names() const override { return {"m", "v"}; }

 private:
  void update(Index t, double rate, const T* g, T* theta, T* const* moments, Index size) const override;
  bool moves_at_rest() const override { return true; }
  void rest(const RestingSteps& steps, T* theta, T* const* moments, Index size) const override;
  std::vector<double> resting_table(const RestingSteps& steps) const override;
  double keep(double rate) const override { return 1.0 - rate * options_.weight_decay; }
  Options options_;
};

}  // namespace nncpp
