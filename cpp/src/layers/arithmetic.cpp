#include "nncpp/layers/arithmetic.hpp"

#include <cmath>

#include "broadcast.hpp"
#include "nncpp/dual.hpp"

namespace nncpp {
namespace {

constexpr std::array<std::string_view, 7> kArithmetic{"Add",   "Subtract", "Multiply", "Divide",
                                                      "Power", "Maximum",  "Minimum"};
constexpr std::array<std::string_view, 4> kComparisons{"Greater", "GreaterEqual", "Less", "LessEqual"};

constexpr bool kReadsInputs = true, kReadsOutput = true;

// v = value(a, b), da = first(dv, v, a, b), db = second(dv, v, a, b)
template <typename Value, typename First, typename Second>
struct Formula {
  Value value;
  First first;
  Second second;
  bool reads_inputs = false, reads_output = false;
  double work = 1;  // multiply-adds that an element takes as long as
};

template <typename T>
bool is_nan(const T& x) {
  return x != x;
}

template <typename T>
auto add() {
  return Formula{[](T a, T b) { return a + b; }, [](T dv, T, T, T) { return dv; }, [](T dv, T, T, T) { return dv; }};
}

template <typename T>
auto subtract() {
  return Formula{[](T a, T b) { return a - b; }, [](T dv, T, T, T) { return dv; }, [](T dv, T, T, T) { return -dv; }};
}

template <typename T>
auto multiply() {
  return Formula{[](T a, T b) { return a * b; }, [](T dv, T, T, T b) { return b * dv; },
                 [](T dv, T, T a, T) { return a * dv; }, kReadsInputs};
}

template <typename T>
auto divide() {
  return Formula{[](T a, T b) { return a / b; },
                 [](T dv, T, T, T b) { return dv / b; },
                 [](T dv, T v, T, T b) { return -v * dv / b; },
                 kReadsInputs,
                 kReadsOutput,
                 4};
}

template <typename T>
auto power() {
  using std::log, std::pow;
  return Formula{[](T a, T b) { return pow(a, b); },
                 [](T dv, T, T a, T b) { return b == T(0) && slope_of(b) == 0 ? T(0) : b * pow(a, b - T(1)) * dv; },
                 [](T dv, T v, T a, T) { return a > T(0) ? v * log(a) * dv : T(0); },
                 kReadsInputs,
                 kReadsOutput,
                 64};
}

template <typename T>
auto maximum() {
  return Formula{[](T a, T b) { return a >= b || is_nan(a) ? a : b; },
                 [](T dv, T, T a, T b) { return a >= b ? dv : T(0); },
                 [](T dv, T, T a, T b) { return a < b ? dv : T(0); }, kReadsInputs};
}

template <typename T>
auto minimum() {
  return Formula{[](T a, T b) { return a <= b || is_nan(a) ? a : b; },
                 [](T dv, T, T a, T b) { return a <= b ? dv : T(0); },
                 [](T dv, T, T a, T b) { return a > b ? dv : T(0); }, kReadsInputs};
}

}  // namespace

template <typename T>
Arithmetic<T>::Arithmetic(std::string_view kind) : operation_(operation_of<Operation>(kArithmetic, kind)) {}

template <typename T>
template <typename F>
void Arithmetic<T>::with_operation(F&& f) const {
  switch (operation_) {
    case Operation::kAdd:
      return f(add<T>());
    case Operation::kSubtract:
      return f(subtract<T>());
    case Operation::kMultiply:
      return f(multiply<T>());
    case Operation::kDivide:
      return f(divide<T>());
    case Operation::kPower:
      return f(power<T>());
    case Operation::kMaximum:
      return f(maximum<T>());
    case Operation::kMinimum:
      return f(minimum<T>());
  }
}

template <typename T>
std::string Arithmetic<T>::kind() const {
  return std::string(kArithmetic[static_cast<std::size_t>(operation_)]);
}

template <typename T>
Shape Arithmetic<T>::output_shape(std::span<const Shape> inputs) const {
  require_inputs(inputs, 2);
  return broadcast(inputs);
}

template <typename T>
LayerMemory Arithmetic<T>::memory(std::span<const Shape> inputs, Index n) const {
  return {.backward = n * numel(output_shape(inputs))};
}

template <typename T>
bool Arithmetic<T>::backward_reads_inputs() const {
  bool reads = false;
  with_operation([&](const auto& formula) { reads = formula.reads_inputs; });
  return reads;
}

template <typename T>
bool Arithmetic<T>::backward_reads_output() const {
  bool reads = false;
  with_operation([&](const auto& formula) { reads = formula.reads_output; });
  return reads;
}

template <typename T>
void Arithmetic<T>::forward(const Forward<T>& pass) const {
  with_operation([&](const auto& formula) { broadcast_forward<2>(pass, formula.work, formula.value); });
}

template <typename T>
void Arithmetic<T>::backward(const Backward<T>& pass) const {
  with_operation([&](const auto& formula) {
    broadcast_backward<2>(pass, 0, formula.work, formula.first);
    broadcast_backward<2>(pass, 1, formula.work, formula.second);
  });
}

template <typename T>
Comparison<T>::Comparison(std::string_view kind) : operation_(operation_of<Operation>(kComparisons, kind)) {}

template <typename T>
std::string Comparison<T>::kind() const {
  return std::string(kComparisons[static_cast<std::size_t>(operation_)]);
}

template <typename T>
Shape Comparison<T>::output_shape(std::span<const Shape> inputs) const {
  require_inputs(inputs, 2);
  return broadcast(inputs);
}

template <typename T>
void Comparison<T>::forward(const Forward<T>& pass) const {
  const auto compare = [&](auto holds) {
    broadcast_forward<2>(pass, 1.0, [=](T a, T b) { return holds(a, b) ? T(1) : T(0); });
  };
  switch (operation_) {
    case Operation::kGreater:
      return compare([](T a, T b) { return a > b; });
    case Operation::kGreaterEqual:
      return compare([](T a, T b) { return a >= b; });
    case Operation::kLess:
      return compare([](T a, T b) { return a < b; });
    case Operation::kLessEqual:
      return compare([](T a, T b) { return a <= b; });
  }
}

template <typename T>
void Comparison<T>::backward(const Backward<T>& pass) const {
  for (const auto& gradient : pass.dinputs) zero_gradient(gradient);
}

template class Arithmetic<float>;
template class Arithmetic<double>;
template class Arithmetic<Dual>;
template class Comparison<float>;
template class Comparison<double>;
template class Comparison<Dual>;

}  // namespace nncpp
