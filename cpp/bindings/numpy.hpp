// NumPy arrays in and out: element type, shape, strides, ownership. The one place that includes pybind11/numpy.h.
// Nothing is cast or copied here unless the name says so.
#pragma once

#include <pybind11/functional.h>
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <chrono>
#include <optional>

#include "nncpp/error.hpp"
#include "nncpp/plan.hpp"
#include "nncpp/source.hpp"

namespace nncpp::python {

namespace py = pybind11;

inline ElementType element_type(const py::array& array, const std::string& name) {
  const py::dtype dtype = array.dtype();
  const char order = dtype.byteorder();
  if (order == '>' || order == '<')  // '=' and '|' are native; NumPy shows '<' only on a big-endian machine
    throw TypeError(text(name, ": expected native byte order, got dtype ",
                         std::string(py::str(static_cast<py::object>(dtype))), "; use ", name, ".astype(", name,
                         ".dtype.newbyteorder('='))"));
  const py::ssize_t size = dtype.itemsize();
  switch (dtype.kind()) {
    case 'b':
      return ElementType::kBool;
    case 'i':
      return size == 1   ? ElementType::kInt8
             : size == 2 ? ElementType::kInt16
             : size == 4 ? ElementType::kInt32
                         : ElementType::kInt64;
    case 'u':
      return size == 1   ? ElementType::kUint8
             : size == 2 ? ElementType::kUint16
             : size == 4 ? ElementType::kUint32
                         : ElementType::kUint64;
    case 'f':
      if (size == 2) return ElementType::kFloat16;
      if (size == 4) return ElementType::kFloat32;
      if (size == 8) return ElementType::kFloat64;
      break;
    case 'V':
      if (dtype.equal(py::dtype::of<Dual>())) return ElementType::kDual;
      break;
    default:
      break;
  }
  throw TypeError(text(name, ": expected real numbers (float16, float32, float64, integers or bool), got dtype ",
                       std::string(py::str(static_cast<py::object>(dtype))),
                       "; convert it first, e.g. with .astype('float32')"));
}

inline Shape shape_of(const py::array& array) {
  return Shape(std::span<const Index>(array.shape(), static_cast<std::size_t>(array.ndim())));
}

// requires: the array outlives the source
inline Source source_of(const py::array& array, std::string name) {
  Source source;
  source.type = element_type(array, name);
  if (array.ndim() == 0)
    throw ShapeError(text(name, ": expected an array with one row per sample, got a single number"));
  source.data = static_cast<const std::byte*>(array.data());
  source.rows = array.shape(0);
  source.row_stride = array.strides(0);
  source.sample = Shape(std::span<const Index>(array.shape() + 1, static_cast<std::size_t>(array.ndim() - 1)));
  for (py::ssize_t axis = 1; axis < array.ndim(); ++axis)
    source.strides[static_cast<std::size_t>(axis - 1)] = array.strides(axis);
  source.name = std::move(name);
  return source;
}

// rows of a sparse matrix, an object with .data, .indices, .indptr and .shape; whole numbers are int64
// requires: the object keeps its arrays, and outlives the source
inline Source sparse_source_of(const py::object& rows, std::string name) {
  using Whole = py::array_t<Index, py::array::c_style>;
  const py::object columns_object = rows.attr("indices"), begins_object = rows.attr("indptr");
  if (!py::isinstance<Whole>(columns_object) || !py::isinstance<Whole>(begins_object))
    throw TypeError(text(name, ": expected int64 indices and indptr"));
  const auto values = rows.attr("data").cast<py::array>();
  const auto columns = columns_object.cast<Whole>(), begins = begins_object.cast<Whole>();
  if (begins.ndim() != 1 || begins.size() < 1 || columns.ndim() != 1 || values.ndim() != 1 ||
      columns.size() != values.size() || begins.data()[begins.size() - 1] != columns.size())
    throw ShapeError(text(name, ": expected as many indices as data, and an indptr that ends at their number"));
  Source source = source_of(values, std::move(name));
  source.rows = begins.size() - 1;
  source.sample = {rows.attr("shape").cast<std::pair<Index, Index>>().second};
  source.columns = columns.data();
  source.begins = begins.data();
  source.num_entries = columns.size();
  return source;
}

// "x" for one array, "x[0]", "x[1]" for several; what has an indptr is a sparse matrix
template <typename Object>
std::vector<Source> sources_of(const std::vector<Object>& arrays, const std::string& name) {
  std::vector<Source> sources;
  sources.reserve(arrays.size());
  for (std::size_t i = 0; i < arrays.size(); ++i) {
    const std::string own = arrays.size() == 1 ? name : text(name, "[", i, "]");
    if (py::hasattr(arrays[i], "indptr"))
      sources.push_back(sparse_source_of(arrays[i], own));
    else
      sources.push_back(source_of(py::cast<py::array>(arrays[i]), own));
  }
  return sources;
}

inline std::vector<py::ssize_t> axes_of(const Shape& shape) { return {shape.begin(), shape.end()}; }
inline py::tuple tuple_of(const Shape& shape) { return py::tuple(py::cast(axes_of(shape))); }

template <typename T>
py::array_t<T> new_array(const Shape& shape) {
  return py::array_t<T>(axes_of(shape));
}

// a writable view; `owner` stays alive as long as the view
template <typename T>
py::array_t<T> view_of(Tensor<T> tensor, py::handle owner) {
  return py::array_t<T>(axes_of(tensor.shape), tensor.data, owner);
}

template <typename T>
py::array_t<T> copy_of(const Tensor<const T>& tensor) {
  return py::array_t<T>(axes_of(tensor.shape), tensor.data);
}

// the same real numbers as T, C-contiguous; a copy unless they are that already
template <typename T>
py::array_t<T> cast_to(const py::array& array) {
  return py::array_t<T, py::array::c_style | py::array::forcecast>(static_cast<const py::object&>(array));
}

// C-contiguous array of exactly T: what a single layer works on directly
template <typename T>
Tensor<const T> tensor_of(const py::array& array, const std::string& name) {
  if (!py::isinstance<py::array_t<T>>(array) || !(array.flags() & py::array::c_style))
    throw TypeError(text(name, ": expected a C-contiguous float", 8 * sizeof(T), " array"));
  return {static_cast<const T*>(array.data()), shape_of(array)};
}

// Asks Python for pending signals now and then; true once Ctrl-C was pressed. Called without the GIL.
inline Poll signal_poll() {
  using Clock = std::chrono::steady_clock;
  return [last = Clock::now()]() mutable {
    const auto now = Clock::now();
    if (now - last < std::chrono::milliseconds(15)) return false;
    last = now;
    const py::gil_scoped_acquire gil;
    return PyErr_CheckSignals() != 0;
  };
}

// work() without the GIL; a signal on the way becomes the exception its handler raised
template <typename Work>
auto without_gil(Work work) {
  try {
    const py::gil_scoped_release release;
    return work();
  } catch (const Interrupted&) {
    throw py::error_already_set();
  }
}

}  // namespace nncpp::python
