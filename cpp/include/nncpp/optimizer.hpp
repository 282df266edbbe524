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

// What an optimizer remembers between steps.
template <typename T>
struct OptimizerState {
  Index t = 0;
  std::vector<Buffer<T>> moments;  // each like theta
};

// Elements [begin, end) move at factor times the learning rate.
struct RateRange {
  Index begin = 0, end = 0;
  double factor = 1.0;
};

// the ranges in order, and all that they leave out of [0, size) at factor 1
// throws DataError for a factor that is no finite number >= 0, Error for ranges that overlap
std::vector<RateRange> cover(std::vector<RateRange> ranges, Index size);

template <typename T>
class Optimizer {
 public:
  virtual ~Optimizer() = default;
  virtual std::vector<std::string> moment_names() const = 0;

  OptimizerState<T> start(Index size) const;

  // requires: begin and end of each range on whole cache lines
  // throws as require_rate does
  // ensures: t is one more; every element of theta depends on its own g and moments only
  void step(OptimizerState<T>& state, double rate, const T* gradient, T* theta,
            std::span<const RateRange> ranges) const;
  void step(OptimizerState<T>& state, double rate, const T* gradient, T* theta, Index size) const;

 private:
  // elements [begin, end), at step t
  virtual void update(OptimizerState<T>& state, double rate, const T* g, T* theta, Index begin, Index end) const = 0;
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
template <typename T>
bool is_step_finite(double rate, double norm);

// v = momentum v - rate g;  theta += v          (Polyak 1964); momentum 0 keeps no v
// nesterov: theta += momentum v - rate g        (Sutskever et al., ICML 2013, in the look-ahead variable)
template <typename T>
class SGD final : public Optimizer<T> {
 public:
  // throws DataError unless 0 <= momentum < 1; nesterov needs momentum > 0
  explicit SGD(double momentum = 0.0, bool nesterov = false);
  std::vector<std::string> moment_names() const override;

 private:
  void update(OptimizerState<T>& state, double rate, const T* g, T* theta, Index begin, Index end) const override;
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
  explicit AdaGrad(const Damping& damping);
  std::vector<std::string> moment_names() const override { return {"r"}; }

 private:
  void update(OptimizerState<T>& state, double rate, const T* g, T* theta, Index begin, Index end) const override;
  Damping damping_;
};

// r = rho r + (1 - rho) g^2;  theta -= rate g / d(r).  Tieleman, Hinton, lecture 6.5, 2012
template <typename T>
class RMSProp final : public Optimizer<T> {
 public:
  // throws DataError unless 0 <= rho < 1 and epsilon > 0
  RMSProp(double rho, const Damping& damping);
  std::vector<std::string> moment_names() const override { return {"r"}; }

 private:
  void update(OptimizerState<T>& state, double rate, const T* g, T* theta, Index begin, Index end) const override;
  double rho_;
  Damping damping_;
};

// r = rho r + (1 - rho) g^2;  u = g sqrt(s + epsilon) / sqrt(r + epsilon);  s = rho s + (1 - rho) u^2;  theta -= rate u
// Zeiler, arXiv:1212.5701, 2012
template <typename T>
class Adadelta final : public Optimizer<T> {
 public:
  // throws DataError unless 0 <= rho < 1 and epsilon > 0
  Adadelta(double rho, double epsilon);
  std::vector<std::string> moment_names() const override { return {"r", "s"}; }

 private:
  void update(OptimizerState<T>& state, double rate, const T* g, T* theta, Index begin, Index end) const override;
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
  };
  // throws DataError unless 0 <= beta < 1, weight_decay >= 0 and epsilon is a normal number of T
  explicit Adam(const Options& options);
  std::vector<std::string> moment_names() const override { return {"m", "v"}; }

 private:
  void update(OptimizerState<T>& state, double rate, const T* g, T* theta, Index begin, Index end) const override;
  Options options_;
};

}  // namespace nncpp
