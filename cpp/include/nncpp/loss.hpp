// Losses, each in its pair with an output activation, so that dL/dz is exact and stable for any z.
//   name      pair       loss of a row                                  dL/dz of a row (times w / sum w)
//   squared   identity   sum_k (p_k - y_k)^2                            2 (p - y)
//   nll       sigmoid    sum_k log(1 + exp(z_k)) - y_k z_k              p - y
//   nllm      softmax    log sum_k exp(z_k) - sum_k y_k z_k             p - y
// L = sum_i w_i L_i / sum_i w_i over the rows of the batch. This division is done here and nowhere else.
// nllm takes labels 0 ... K - 1 or distributions; nll takes numbers in [0, 1]; squared takes any finite number.
// Sources: Goodfellow, Bengio, Courville, Deep Learning, 2016, 6.2.2; Bishop, PRML, 2006, 4.3.
#pragma once

#include <memory>
#include <string_view>

#include "nncpp/activation.hpp"
#include "nncpp/source.hpp"

namespace nncpp {

// Sums over rows, so that they add up over batches: loss / weight is the mean.
struct LossSums {
  double loss = 0, weight = 0;
  double correct = 0;  // weight of the rows whose class is right; 0 where there are no classes

  LossSums& operator+=(const LossSums& other);
};

// The targets of one batch: labels (rows) or values (rows, columns), one of them null.
template <typename T>
struct Target {
  const Index* labels = nullptr;
  const T* values = nullptr;
};

template <typename T>
class Loss {
 public:
  virtual ~Loss() = default;
  virtual std::string_view name() const = 0;

  // true: evaluate takes z and gives dL/dz; false: it takes v and gives dL/dv.
  // throws DataError that names the right pairs
  virtual bool is_paired(Activation output) const = 0;
  virtual bool takes_labels() const { return false; }
  virtual bool has_accuracy() const { return true; }

  // throws DataError naming the first row whose target cannot be; `output` is the shape of one sample
  virtual void require_valid(const Source& target, const Shape& output) const;

  // output (N, ..., columns): z if paired, else v; weights (N), by sample, or null for ones; doutput like output, or
  // null. doutput is the gradient of factor * L. A batch whose weights are all zero has loss 0 and gradient 0.
  LossSums evaluate(Tensor<const T> output, const Target<T>& target, const T* weights, T* doutput,
                    double factor = 1.0) const;

 private:
  // loss of row r; d (columns), unless null, is its gradient times `scale`; `correct`: is its class right
  virtual double row(const T* z, Index columns, const Target<T>& target, Index r, T scale, T* d,
                     bool& correct) const = 0;
};

// "squared", "nll", "nllm"; throws DataError that lists the names
template <typename T>
std::unique_ptr<Loss<T>> make_loss(std::string_view name);

}  // namespace nncpp
