// Losses. Those with a pair take z and give dL/dz, exact and stable for any z; the others take v = f(z), for any f that
// has a derivative.
//   name              pair      loss of a row                            its gradient (times w / sum w)
//   squared           any       sum_k (p_k - y_k)^2                      2 (p - y)
//   absolute          any       sum_k |p_k - y_k|                        sign(p - y), 0 at 0
//   huber             any       sum_k h(p_k - y_k), see below            p - y, cut at -delta and delta
//   hinge             identity  sum_k max(1 - y_k s_k, 0), y_k = +-1     -y_k where 1 - y_k s_k > 0, else 0
//   multiclass_hinge  identity  sum_{j != y} max(margin + s_j - s_y, 0)  1 where the term of j is > 0; y: -their number
//   max_margin        identity  sum_k max(margin + c_k - s_k, 0)         -1 for s, 1 for c where > 0; c: second output
//   nll               sigmoid   sum_k log(1 + exp(z_k)) - y_k z_k        p - y
//   nllm              softmax   log sum_k exp(z_k) - sum_k y_k z_k       p - y
//   expression        any       sum_k v_k, of an output that is a loss   1
//   kl                softmax   t^2 sum_k y_k log(y_k / q_k)             t (q - y), q = softmax(z / t)
// h(e) = e^2 / 2 where |e| <= delta, else delta (|e| - delta / 2).
// L = sum_i w_i L_i / sum_i w_i over the rows of the batch. This division is done here and nowhere else.
// Label smoothing e: y becomes (1 - e) y + e / 2 for nll, (1 - e) y + e / K for nllm.
// Sources: Goodfellow, Bengio, Courville, Deep Learning, 2016, 6.2.2; Bishop, PRML, 2006, 4.3; huber: Huber 1964;
// multiclass_hinge: Weston, Watkins 1999; max_margin: Collobert, Weston 2008; kl: Hinton, Vinyals, Dean 2015;
// label smoothing: Szegedy et al. 2016.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "nncpp/activation.hpp"
#include "nncpp/source.hpp"

namespace nncpp {

// Sums over rows, so that they add up over batches: loss / weight is the mean.
struct LossSums {
  double loss = 0, weight = 0;
  double correct = 0;  // weight of the rows whose class is right; 0 where there are no classes
  double slope = 0;    // of loss, in dual numbers

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
  // 2: it compares an output with the next one, which stands for the target and gets the opposite gradient
  virtual int num_outputs() const { return 1; }
  virtual bool takes_target() const { return num_outputs() == 1; }

  // throws DataError naming the first row whose target cannot be; `output` is the shape of one sample
  virtual void require_valid(const Source& target, const Shape& output) const;

  // output (N, ..., columns): z if paired, else v; weights (N), by sample, or null for ones; doutput like output, or
  // null. doutput is the gradient of factor * L. A batch whose weights are all zero has loss 0 and gradient 0.
  LossSums evaluate(Tensor<const T> output, const Target<T>& target, const T* weights, T* doutput,
                    double factor = 1.0) const;

 protected:
  // A batch as evaluate hands it on: its rows are told apart, its weights are settled.
  struct Batch {
    Tensor<const T> output;
    Target<T> target;
    Index rows, columns;
    T* doutput;
    const T* weights;  // by sample, or null
    Index rows_per_sample;
    double over;  // factor / sum of weights

    double weight(Index r) const {
      return weights != nullptr ? static_cast<double>(value_of(weights[r / rows_per_sample])) : 1.0;
    }
    // what the gradient of L_r is multiplied by
    T scale(Index r) const { return static_cast<T>(weight(r) * over); }
  };

 private:
  // sums of w_r L_r, and of w_r where the class is right; doutput, unless null, is written
  virtual LossSums sum(const Batch& batch) const = 0;
};

// A loss that is computed row by row, in parallel.
template <typename T>
class RowLoss : public Loss<T> {
 private:
  LossSums sum(const typename Loss<T>::Batch& batch) const final;
  // loss of row r; d (columns), unless null, is its gradient times `scale`; `correct`: is its class right
  virtual Wide<T> row(const T* z, Index columns, const Target<T>& target, Index r, T scale, T* d,
                      bool& correct) const = 0;
};

// What the outputs of a loss are, where its formula does not tell: numbers; columns each right or wrong, which say yes
// above a threshold; one class of several.
enum class Task { kRegression, kBinary, kClasses };

// by "regression", "binary", "classes"; throws DataError
Task task_from_name(std::string_view name);

// A loss of a caller's own, for any output: it gives the losses of all rows of a batch at once.
template <typename T>
class BatchLoss : public Loss<T> {
 public:
  struct Options {
    std::string name;
    Task task = Task::kRegression;
    double threshold = 0.5;
    bool takes_labels = false;
  };
  explicit BatchLoss(Options options) : options_(std::move(options)) {}

  std::string_view name() const override { return options_.name; }
  bool is_paired(Activation) const override { return false; }
  bool takes_labels() const override { return options_.takes_labels; }
  bool has_accuracy() const override { return options_.task != Task::kRegression; }
  void require_valid(const Source& target, const Shape& output) const override;

 protected:
  const Options& options() const { return options_; }

 private:
  LossSums sum(const typename Loss<T>::Batch& batch) const final;
  bool is_correct(const T* v, Index columns, const Target<T>& target, Index r) const;
  // v (N, ..., columns) -> L_r (rows), and unless null dL_r/dv like v; the weights are not its business
  virtual void evaluate_rows(Tensor<const T> v, const Target<T>& target, Wide<T>* losses, T* dv) const = 0;

  Options options_;
};

// What single losses take; each reads its own.
struct LossOptions {
  double delta = 1.0;            // huber, > 0
  double margin = 1.0;           // max_margin, multiclass_hinge, > 0
  bool is_zero_one = false;      // hinge: targets are 0 and 1 instead of -1 and +1
  double label_smoothing = 0.0;  // nll, nllm, in [0, 1)
  double temperature = 1.0;      // kl, > 0
};

// by its name in the table above; throws DataError that lists the names, or that says which option cannot be
template <typename T>
std::unique_ptr<Loss<T>> make_loss(std::string_view name, const LossOptions& options = {});

}  // namespace nncpp
