// Batches for every loss, and what the core makes of them.
#pragma once

#include <limits>
#include <string>
#include <vector>

#include "nncpp/loss.hpp"
#include "reference.hpp"
#include "samples.hpp"
#include "tolerances.hpp"

namespace nncpp::testing {

using reference::Vector;

// a batch for one loss: outputs, targets written out as numbers, and the same targets as labels where there are any
struct Case {
  std::string loss;
  double (*row)(const Vector&, const Vector&);
  Index rows, columns;
  Vector z, y;
  std::vector<Index> labels = {};
  LossOptions options = {};
};

// z moved where it lies on a kink: where miss(z_k, y_k, place), which grows or falls with z_k, is nearly 0
template <typename Miss>
void off_kinks(Case& c, Miss miss) {
  for (std::size_t i = 0; i < c.z.size(); ++i)
    if (std::abs(miss(c.z[i], c.y[i], i)) < kKinkDistance) c.z[i] += 4 * kKinkDistance;
}

inline std::vector<Case> smooth_cases() {
  std::vector<Case> result;
  for (const Index rows : {1, 7, 40}) {
    for (const Index columns : {1, 3, 10, 33}) {
      const Index size = rows * columns;
      Case squared{
          "squared", reference::squared, rows, columns, random_values<double>(size, 1), random_values<double>(size, 2)};
      Case expression{"expression", reference::expression, rows, columns, squared.z, Vector(squared.y.size())};
      Case nll{
          "nll", reference::nll, rows, columns, random_values<double>(size, 3, 2.0), random_values<double>(size, 4)};
      for (double& y : nll.y) y = std::abs(y) < 0.5 ? 0.25 : y > 0;
      Case hard{"nllm", reference::nllm, rows, columns, random_values<double>(size, 5, 2.0), Vector(squared.y.size())};
      Case soft{"nllm", reference::nllm, rows, columns, random_values<double>(size, 6, 2.0), {}};
      for (Index r = 0; r < rows; ++r) {
        hard.labels.push_back((r * 7 + 1) % columns);
        hard.y[reference::at(r, hard.labels.back(), columns)] = 1;
      }
      soft.y = reference::softmax(random_values<double>(size, 7), rows, columns);
      Case smoothed_nll = nll, smoothed_hard = hard, smoothed_soft = soft, kl = soft;
      smoothed_nll.row = reference::smoothed_nll;
      smoothed_hard.row = smoothed_soft.row = reference::smoothed_nllm;
      for (Case* c : {&smoothed_nll, &smoothed_hard, &smoothed_soft})
        c->options.label_smoothing = reference::kLabelSmoothing;
      kl.loss = "kl";
      kl.row = reference::kl;
      kl.options.temperature = reference::kTemperature;
      result.insert(result.end(),
                    {squared, expression, nll, hard, soft, smoothed_nll, smoothed_hard, smoothed_soft, kl});
    }
  }
  return result;
}

inline std::vector<Case> bent_cases() {
  std::vector<Case> result;
  for (const Index rows : {1, 7, 40}) {
    for (const Index columns : {1, 3, 10, 33}) {
      const Index size = rows * columns;
      const auto values = [&](std::uint64_t seed) { return random_values<double>(size, seed, 2.0); };
      Case absolute{"absolute", reference::absolute, rows, columns, values(1), values(2)};
      Case huber{"huber", reference::huber, rows, columns, values(3), values(4)};
      Case hinge{"hinge", reference::hinge, rows, columns, values(5), values(6)};
      Case zero_one{"hinge", reference::hinge, rows, columns, values(7), values(8)};
      Case classes{"multiclass_hinge", reference::multiclass_hinge, rows, columns, values(9), Vector(hinge.y.size())};
      Case ranking{"max_margin", reference::max_margin, rows, columns, values(10), values(11)};
      huber.options.delta = reference::kDelta;
      classes.options.margin = ranking.options.margin = reference::kMargin;
      zero_one.options.is_zero_one = true;
      for (double& y : hinge.y) y = y > 0 ? 1 : -1;
      for (double& y : zero_one.y) y = y > 0;
      for (Index r = 0; r < rows; ++r) {
        classes.labels.push_back((r * 5 + 2) % columns);
        classes.y[reference::at(r, classes.labels.back(), columns)] = 1;
      }
      off_kinks(absolute, [](double z, double y, std::size_t) { return z - y; });
      off_kinks(huber, [](double z, double y, std::size_t) { return std::abs(z - y) - reference::kDelta; });
      off_kinks(hinge, [](double z, double y, std::size_t) { return 1 - y * z; });
      off_kinks(zero_one, [](double z, double y, std::size_t) { return 1 - (2 * y - 1) * z; });
      off_kinks(ranking, [](double z, double y, std::size_t) { return reference::kMargin + y - z; });
      off_kinks(classes, [&](double z, double y, std::size_t i) {
        const auto r = static_cast<Index>(i) / columns;
        const double right = classes.z[reference::at(r, classes.labels[static_cast<std::size_t>(r)], columns)];
        return y == 1 ? 1 : reference::kMargin + z - right;
      });
      result.insert(result.end(), {absolute, huber, hinge, zero_one, classes, ranking});
    }
  }
  return result;
}

inline std::vector<Case> cases() {
  std::vector<Case> result = smooth_cases();
  for (Case& c : bent_cases()) result.push_back(std::move(c));
  return result;
}

template <typename T>
struct Evaluated {
  LossSums sums;
  std::vector<T> gradient;
};

template <typename T>
Evaluated<T> evaluate(const Case& c, const std::vector<T>& weights = {}, double factor = 1.0,
                      Index rows_per_sample = 1) {
  const std::vector<T> z(c.z.begin(), c.z.end()), y(c.y.begin(), c.y.end());
  Target<T> target;
  if (c.labels.empty()) {
    target.values = y.data();
  } else {
    target.labels = c.labels.data();
  }
  const Shape shape =
      rows_per_sample == 1 ? Shape{c.rows, c.columns} : Shape{c.rows / rows_per_sample, rows_per_sample, c.columns};
  Evaluated<T> result{{}, std::vector<T>(z.size(), std::numeric_limits<T>::quiet_NaN())};
  result.sums = make_loss<T>(c.loss, c.options)
                    ->evaluate(Tensor<const T>{z.data(), shape}, target, weights.empty() ? nullptr : weights.data(),
                               result.gradient.data(), factor);
  return result;
}

inline Vector row_of(const Vector& values, Index r, Index columns) {
  return {values.begin() + r * columns, values.begin() + (r + 1) * columns};
}

// sum of w_i L_i by the plain loops
inline double reference_loss(const Case& c, const Vector& weights = {}) {
  double sum = 0;
  for (Index r = 0; r < c.rows; ++r)
    sum += (weights.empty() ? 1 : weights[static_cast<std::size_t>(r)]) *
           c.row(row_of(c.z, r, c.columns), row_of(c.y, r, c.columns));
  return sum;
}

}  // namespace nncpp::testing
