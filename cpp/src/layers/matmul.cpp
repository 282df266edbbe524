#include "nncpp/layers/matmul.hpp"

#include "broadcast.hpp"
#include "nncpp/dual.hpp"

namespace nncpp {
namespace {

// The axes before the last two, or before the last one of a vector.
Shape stack_of(const Shape& shape, bool is_vector) {
  return Shape(std::span<const Index>(shape.begin(), shape.rank() - (is_vector ? 1 : 2)));
}

// left (rows, depth) times right (depth, columns), for each item of a stack
template <typename T>
struct Stack {
  Index rows, depth, columns;
  int left = 0, right = 1;     // which of the operands
  bool is_transposed = false;  // right lies in memory as (columns, depth)
  Shape items;
  std::array<Strides, 2> strides;  // of left and right, in items

  // a, b (1 or N, ...), v (N, ...)
  Stack(const Shape& a, const Shape& b, const Shape& v) {
    const bool is_row = a.rank() == 2, is_column = b.rank() == 2;
    rows = is_row ? 1 : a[a.rank() - 2];
    depth = a.back();
    columns = is_column ? 1 : b.back();
    items = Shape(std::span<const Index>(v.begin(), v.rank() - (is_row ? 0 : 1) - (is_column ? 0 : 1)));
    strides = {broadcast_strides(stack_of(a, is_row), items), broadcast_strides(stack_of(b, is_column), items)};
    if (columns > 1) return;
    // a matrix times a column is a row times the transpose, and many rows are one matrix
    std::swap(rows, columns);
    std::swap(left, right);
    std::swap(strides[0], strides[1]);
    is_transposed = true;
  }

  Matrix<T> right_matrix(const T* data) const {
    return is_transposed ? transposed(data, columns, depth) : matrix(data, depth, columns);
  }
  Matrix<T> right_transposed(const T* data) const {
    return is_transposed ? matrix(data, columns, depth) : transposed(data, depth, columns);
  }
  Index left_size() const { return rows * depth; }
  Index right_size() const { return depth * columns; }
  Index product_size() const { return rows * columns; }
  double work() const { return static_cast<double>(rows * depth) * static_cast<double>(columns); }
};

// body(i) for i < count: side by side where there are enough, else each on all threads
template <typename Body>
void for_items(Index count, double work, Body&& body) {
  constexpr Index kEnough = 8;
  parallel_for(count, count < kEnough ? 0.0 : work * static_cast<double>(count), body);
}

// where each of two arrays has length 1, in the shape of the stack
template <typename T>
Shape kept_by(const Stack<T>& stack, std::size_t operand) {
  std::vector<Index> axes(stack.items.begin(), stack.items.end());
  for (std::size_t i = 0; i < axes.size(); ++i)
    if (stack.strides[operand][i] == 0) axes[i] = 1;
  return Shape(axes);
}

// dleft = or += sum of dv right^T over the items that share it
template <typename T>
void left_gradient(const Stack<T>& s, const T* right, const T* dv, const Gradient<T>& to) {
  if (!to.is_wanted()) return;
  const Fold<2> fold(s.items, {strides_of(s.items), s.strides[1]}, kept_by(s, 0));
  fold.kept.for_runs(0, fold.kept.size(), [&](Index at, Index length, const std::array<Index, 2>& first) {
    const auto [v_step, right_step] = fold.kept.steps();
    T* const d = to.to.data + at * s.left_size();
    if (fold.folded.size() == 1 && (length == 1 || (v_step == 1 && right_step == 0)))  // one matrix of all their rows
      return multiply(matrix(dv + first[0] * s.product_size(), length * s.rows, s.columns),
                      s.right_transposed(right + first[1] * s.right_size()), d, to.write);
    for_items(length, s.work() * static_cast<double>(fold.folded.size()), [&](Index i) {
      Write write = to.write;
      fold.folded.for_runs(0, fold.folded.size(), [&](Index, Index count, const std::array<Index, 2>& more) {
        for (Index j = 0; j < count; ++j, write = Write::kAdd) {
          const Index v_item = first[0] + i * v_step + more[0] + j * fold.folded.steps()[0];
          const Index right_item = first[1] + i * right_step + more[1] + j * fold.folded.steps()[1];
          multiply(matrix(dv + v_item * s.product_size(), s.rows, s.columns),
                   s.right_transposed(right + right_item * s.right_size()), d + i * s.left_size(), write);
        }
      });
    });
  });
}

// dright = or += sum of left^T dv over the items that share it, as it lies in memory
template <typename T>
void right_gradient(const Stack<T>& s, const T* left, const T* dv, const Gradient<T>& to) {
  if (!to.is_wanted()) return;
  const Fold<2> fold(s.items, {strides_of(s.items), s.strides[0]}, kept_by(s, 1));
  const auto add = [&](Index v_item, Index left_item, Index count, T* d, Write write) {
    const T *u = left + left_item * s.left_size(), *w = dv + v_item * s.product_size();
    const Index rows = count * s.rows;
    if (s.is_transposed)
      multiply(transposed(w, rows, s.columns), matrix(u, rows, s.depth), d, write);
    else
      multiply(transposed(u, rows, s.depth), matrix(w, rows, s.columns), d, write);
  };
  const bool is_one = fold.folded.steps() == std::array<Index, 2>{1, 1};  // one matrix of all their rows
  fold.kept.for_runs(0, fold.kept.size(), [&](Index at, Index length, const std::array<Index, 2>& first) {
    for_items(length, s.work() * static_cast<double>(fold.folded.size()), [&](Index i) {
      Write write = to.write;
      fold.folded.for_runs(0, fold.folded.size(), [&](Index, Index count, const std::array<Index, 2>& more) {
        for (Index j = 0; j < count; j += is_one ? count : 1, write = Write::kAdd)
          add(first[0] + i * fold.kept.steps()[0] + more[0] + j * fold.folded.steps()[0],
              first[1] + i * fold.kept.steps()[1] + more[1] + j * fold.folded.steps()[1], is_one ? count : 1,
              to.to.data + (at + i) * s.right_size(), write);
      });
    });
  });
}

}  // namespace

template <typename T>
Shape Matmul<T>::output_shape(std::span<const Shape> inputs) const {
  require_inputs(inputs, 2);
  const Shape &a = inputs[0], &b = inputs[1];
  const bool is_row = a.rank() == 1, is_column = b.rank() == 1;
  if (a.rank() == 0 || b.rank() == 0 || a.back() != b[is_column ? 0 : b.rank() - 2])
    throw ShapeError(text("expected (..., M, K) and (..., K, N), got ", a, " and ", b));
  const Shape stacks[] = {stack_of(a, is_row), stack_of(b, is_column)};
  const Shape stack = broadcast(stacks);
  std::vector<Index> axes(stack.begin(), stack.end());
  if (!is_row) axes.push_back(a[a.rank() - 2]);
  if (!is_column) axes.push_back(b.back());
  return Shape(axes);
}

template <typename T>
void Matmul<T>::forward(const Forward<T>& pass) const {
  const Stack<T> s(pass.inputs[0].shape, pass.inputs[1].shape, pass.output.shape);
  const T *left = pass.inputs[static_cast<std::size_t>(s.left)].data,
          *right = pass.inputs[static_cast<std::size_t>(s.right)].data;
  const Walk<2> walk(s.items, s.strides);
  walk.for_runs(0, walk.size(), [&](Index at, Index length, const std::array<Index, 2>& first) {
    const auto [left_step, right_step] = walk.steps();
    T* const v = pass.output.data + at * s.product_size();
    const bool is_one = left_step == 1 && right_step == 0;  // one matrix of all their rows
    for_items(is_one ? 1 : length, s.work(), [&, left_step = left_step, right_step = right_step](Index i) {
      multiply(matrix(left + (first[0] + i * left_step) * s.left_size(), (is_one ? length : 1) * s.rows, s.depth),
               s.right_matrix(right + (first[1] + i * right_step) * s.right_size()), v + i * s.product_size(),
               Write::kAssign);
    });
  });
}

template <typename T>
void Matmul<T>::backward(const Backward<T>& pass) const {
  const Stack<T> s(pass.inputs[0].shape, pass.inputs[1].shape, pass.doutput.shape);
  const auto left = static_cast<std::size_t>(s.left), right = static_cast<std::size_t>(s.right);
  if (!s.is_transposed) left_gradient(s, pass.inputs[right].data, pass.doutput.data, pass.dinputs[left]);
  right_gradient(s, pass.inputs[left].data, pass.doutput.data, pass.dinputs[right]);
  if (s.is_transposed) left_gradient(s, pass.inputs[right].data, pass.doutput.data, pass.dinputs[left]);
}

template class Matmul<float>;
template class Matmul<double>;
template class Matmul<Dual>;

}  // namespace nncpp
