// The layer contract on every row of the table, and the proof that the harness finds broken layers out.
#include <doctest/doctest.h>

#include <set>

#include "contract.hpp"
#include "nncpp/error.hpp"
#include "reference.hpp"

namespace nncpp::testing {
namespace {

template <typename Check>
void check_all(Check&& check) {
  for (const LayerRow& row : layer_table()) {
    for (const std::string& failure : check(row)) FAIL_CHECK(row.name << ": " << failure);
  }
}

TEST_CASE_TEMPLATE("layers: the output has the planned shape and nothing else is written", T, float, double) {
  check_all(check_output_shape<T>);
}
TEST_CASE("layers: every gradient is what central differences give") { check_all(check_gradients); }
TEST_CASE("layers: float gives what double gives") { check_all(check_float_against_double); }
TEST_CASE_TEMPLATE("layers: gradients of two consumers add", T, float, double) { check_all(check_gradients_add<T>); }
TEST_CASE_TEMPLATE("layers: an unwanted gradient is left out", T, float, double) {
  check_all(check_unwanted_gradients<T>);
}
TEST_CASE_TEMPLATE("layers: a batch is its rows one by one", T, float, double) { check_all(check_batch<T>); }
TEST_CASE("layers: gradients of many rows are those of the rows in parts") { check_all(check_many_rows); }
TEST_CASE_TEMPLATE("layers: the bits do not depend on the number of threads", T, float, double) {
  check_all(check_threads<T>);
}
TEST_CASE_TEMPLATE("layers: the random key decides the bits", T, float, double) { check_all(check_seeds<T>); }
TEST_CASE_TEMPLATE("layers: copied parameters give the same bits", T, float, double) {
  check_all(check_copied_parameters<T>);
}
TEST_CASE_TEMPLATE("layers: wrong inputs are refused by the layer's name", T, float, double) {
  check_all(check_refused_shapes<T>);
}

TEST_CASE("layers: the table has no row twice") {
  std::set<std::string> names;
  for (const LayerRow& row : layer_table()) CHECK_MESSAGE(names.insert(row.name).second, row.name);
}

// v = relu(u W + b) in plain loops, right or with one mistake in it
enum class Fault {
  kNone,
  kSign,          // du = -dz W^T
  kMask,          // dz = dv
  kTranspose,     // du = dz W
  kDroppedRow,    // dW without the last row of the batch
  kDroppedBias,   // db of the first row only
  kAssignForAdd,  // a second consumer's gradient replaces the first
  kMeanInLayer,   // 1 / N taken here too
  kStaleScratch,  // the last element of v is left as it was
  kUnreadOutput,  // reads v although it says it does not
  kSharedRows,    // a row of v depends on the batch
  kUnseeded,      // other numbers at each call
};

template <typename T>
class LoopDense final : public Layer<T> {
 public:
  explicit LoopDense(Fault fault) : fault_(fault) {}

  std::string kind() const override { return "LoopDense"; }
  Shape output_shape(std::span<const Shape> inputs) const override {
    if (inputs.size() != 1) throw ShapeError(text("expected 1 input, got ", inputs.size()));
    return {kUnits};
  }
  std::vector<SegmentSpec> parameters(std::span<const Shape> inputs) const override {
    const Initializer normal{Initializer::Kind::kNormal, 0, 1};
    return {{"weight", {inputs[0][0], kUnits}, SegmentKind::kWeight, normal},
            {"bias", {kUnits}, SegmentKind::kBias, normal}};
  }
  bool backward_reads_output() const override { return fault_ != Fault::kUnreadOutput; }
  Activation output_activation() const override { return Activation::kRelu; }

  void forward(const Forward<T>& pass) const override {
    const Tensor<const T>&u = pass.inputs[0], &w = pass.weights[0], &b = pass.weights[1];
    const Index N = u.rows(), D = u.columns();
    for (Index i = 0; i < N; ++i) {
      for (Index j = 0; j < kUnits; ++j) {
        T z = b.data[j];
        for (Index k = 0; k < D; ++k) z += u.data[i * D + k] * w.data[k * kUnits + j];
        if (fault_ == Fault::kSharedRows) z += T(N) * T(0.01);
        if (fault_ == Fault::kUnseeded) z += T(++calls_) * T(0.01);
        if (fault_ == Fault::kStaleScratch && i == N - 1 && j == kUnits - 1) continue;
        pass.output.data[i * kUnits + j] = pass.is_linear || z > 0 ? z : T(0);
      }
    }
  }

  void backward(const Backward<T>& pass) const override {
    const Tensor<const T>&u = pass.inputs[0], &w = pass.weights[0];
    const Index N = u.rows(), D = u.columns();
    const auto dz = [&](Index i, Index j) {
      const Index at = i * kUnits + j;
      return pass.is_linear || fault_ == Fault::kMask || pass.output.data[at] > 0 ? pass.doutput.data[at] : T(0);
    };
    const auto put = [&](const Gradient<T>& gradient, Index at, T value) {
      if (fault_ == Fault::kMeanInLayer) value /= T(N);
      const bool adds = gradient.write == Write::kAdd && fault_ != Fault::kAssignForAdd;
      gradient.to.data[at] = adds ? gradient.to.data[at] + value : value;
    };
    if (const auto& du = pass.dinputs[0]; du.is_wanted()) {
      for (Index i = 0; i < N; ++i) {
        for (Index k = 0; k < D; ++k) {
          T sum = 0;
          for (Index j = 0; j < kUnits; ++j)
            sum += dz(i, j) * (fault_ == Fault::kTranspose ? w.data[j * kUnits + k] : w.data[k * kUnits + j]);
          put(du, i * D + k, fault_ == Fault::kSign ? -sum : sum);
        }
      }
    }
    if (const auto& dw = pass.dweights[0]; dw.is_wanted()) {
      const Index rows = fault_ == Fault::kDroppedRow ? N - 1 : N;
      for (Index k = 0; k < D; ++k) {
        for (Index j = 0; j < kUnits; ++j) {
          T sum = 0;
          for (Index i = 0; i < rows; ++i) sum += u.data[i * D + k] * dz(i, j);
          put(dw, k * kUnits + j, sum);
        }
      }
    }
    if (const auto& db = pass.dweights[1]; db.is_wanted()) {
      const Index rows = fault_ == Fault::kDroppedBias ? 1 : N;
      for (Index j = 0; j < kUnits; ++j) {
        T sum = 0;
        for (Index i = 0; i < rows; ++i) sum += dz(i, j);
        put(db, j, sum);
      }
    }
  }

 private:
  static constexpr Index kUnits = 4;
  Fault fault_;
  mutable int calls_ = 0;
};

LayerRow loop_dense(Fault fault) {
  return {"LoopDense",
          std::make_shared<LoopDense<float>>(fault),
          std::make_shared<LoopDense<double>>(fault),
          {{4}},
          {{}, {{4}, {4}}}};
}

TEST_CASE("layers: a right layer in plain loops passes the whole contract") {
  const LayerRow row = loop_dense(Fault::kNone);
  for (const auto& check :
       {check_output_shape<double>, check_gradients, check_float_against_double, check_gradients_add<double>,
        check_unwanted_gradients<double>, check_batch<double>, check_many_rows, check_threads<double>,
        check_seeds<double>, check_copied_parameters<double>, check_refused_shapes<double>}) {
    for (const std::string& failure : check(row)) FAIL_CHECK(failure);
  }
}

TEST_CASE("layers: a broken backward fails the gradient check") {
  for (const Fault fault : {Fault::kSign, Fault::kMask, Fault::kTranspose, Fault::kDroppedRow, Fault::kDroppedBias,
                            Fault::kMeanInLayer, Fault::kUnreadOutput}) {
    CAPTURE(static_cast<int>(fault));
    CHECK_FALSE(check_gradients(loop_dense(fault)).empty());
  }
}

TEST_CASE("layers: each other point of the contract finds its own mistake") {
  CHECK_FALSE(check_gradients_add<double>(loop_dense(Fault::kAssignForAdd)).empty());
  CHECK_FALSE(check_output_shape<double>(loop_dense(Fault::kStaleScratch)).empty());
  CHECK_FALSE(check_batch<double>(loop_dense(Fault::kSharedRows)).empty());
  CHECK_FALSE(check_many_rows(loop_dense(Fault::kDroppedRow)).empty());
  CHECK_FALSE(check_seeds<double>(loop_dense(Fault::kUnseeded)).empty());
  LayerRow row = loop_dense(Fault::kNone);
  row.refused = {{{4}}};
  CHECK_FALSE(check_refused_shapes<double>(row).empty());
}

}  // namespace
}  // namespace nncpp::testing
