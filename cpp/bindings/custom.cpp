// Layers and losses that are written in Python: the core calls them from threads that have let go of the GIL.
#include <algorithm>
#include <functional>

#include "nncpp/losses/graph_loss.hpp"
#include "nncpp/parallel.hpp"
#include "numpy.hpp"
#include "register.hpp"

namespace nncpp::python {
namespace {

// Whoever lets go of it last, on whichever thread, takes the GIL for it.
using Held = std::shared_ptr<const py::object>;

Held hold(py::object object) {
  return Held(new py::object(std::move(object)), [](const py::object* held) {
    const py::gil_scoped_acquire gil;
    delete held;
  });
}

// f() with the GIL. What it raises becomes a CallbackError; KeyboardInterrupt and its like pass as they are.
template <typename F>
auto call(const char* method, F f) {
  const py::gil_scoped_acquire gil;
  const FloatMode float_mode(false);
  try {
    return f();
  } catch (const py::error_already_set& error) {
    if (!error.matches(PyExc_Exception)) throw;
    throw CallbackError{method, std::current_exception()};
  }
}

// What a method returned: real numbers of exactly this shape, cast to T.
template <typename T>
py::array_t<T> result_of(const py::object& value, const Shape& shape, const std::string& name) {
  const py::array array = py::array::ensure(value);
  if (!array) throw TypeError(text(name, ": expected an array, got ", std::string(py::str(py::type::of(value)))));
  element_type(array, name);
  if (shape_of(array) != shape) throw ShapeError(text(name, ": expected ", shape, ", got ", shape_of(array)));
  return cast_to<T>(array);
}

template <typename T>
void write(const Gradient<T>& gradient, const py::array_t<T>& values) {
  const T* from = values.data();
  const Tensor<T>& to = gradient.to;
  if (gradient.write == Write::kAdd) {
    std::transform(to.begin(), to.end(), from, to.data, std::plus<T>());
  } else {
    std::copy(from, from + to.size(), to.data);
  }
}

// Copies, which the callee may keep and write to: the core uses its memory again, or frees it.
template <typename T>
py::list copies_of(std::span<const Tensor<const T>> tensors) {
  py::list list;
  for (const auto& tensor : tensors) list.append(copy_of(tensor));
  return list;
}

// `callbacks`: nncpp.layers.custom.Callbacks
template <typename T>
class PythonLayer final : public Layer<T> {
 public:
  PythonLayer(std::string kind, py::object callbacks)
      : kind_(std::move(kind)), callbacks_(hold(std::move(callbacks))) {}

  std::string kind() const override { return kind_; }

  Shape output_shape(std::span<const Shape> inputs) const override {
    return call("output_shape", [&] {
      return Shape(callbacks_->attr("output_shape")(tuples_of(inputs)).template cast<std::vector<Index>>());
    });
  }

  std::vector<SegmentSpec> parameters(std::span<const Shape> inputs) const override {
    using Spec = std::tuple<std::string, std::vector<Index>, bool, Initializer, Index, Index>;
    return call("parameters", [&] {
      std::vector<SegmentSpec> specs;
      for (auto& [name, shape, is_bias, initializer, fan_in, fan_out] :
           callbacks_->attr("parameters")(tuples_of(inputs)).template cast<std::vector<Spec>>())
        specs.push_back(
            {name, Shape(shape), is_bias ? SegmentKind::kBias : SegmentKind::kWeight, initializer, fan_in, fan_out});
      return specs;
    });
  }

  void forward(const Forward<T>& pass) const override {
    call("forward", [&] {
      const py::object v =
          callbacks_->attr("forward")(copies_of(pass.inputs), copies_of(pass.weights), is_training(pass.mode));
      write({pass.output, Write::kAssign}, result_of<T>(v, pass.output.shape, "forward: v"));
    });
  }

  void backward(const Backward<T>& pass) const override {
    call("backward", [&] {
      const auto [dinputs, dweights] =
          callbacks_
              ->attr("backward")(copies_of(pass.inputs), copy_of(pass.output), copy_of(pass.doutput),
                                 copies_of(pass.weights), is_training(pass.mode))
              .template cast<std::tuple<py::list, py::list>>();
      write_all(pass.dinputs, dinputs, "backward: du");
      write_all(pass.dweights, dweights, "backward: dW");
    });
  }

 private:
  static bool is_training(Mode mode) { return mode == Mode::kTraining; }
  static py::list tuples_of(std::span<const Shape> shapes) {
    py::list tuples;
    for (const Shape& shape : shapes) tuples.append(tuple_of(shape));
    return tuples;
  }
  // all are looked at before the first is written
  static void write_all(std::span<const Gradient<T>> gradients, const py::list& values, const char* name) {
    std::vector<py::array_t<T>> arrays(gradients.size());
    for (std::size_t i = 0; i < gradients.size(); ++i)
      if (gradients[i].is_wanted()) arrays[i] = result_of<T>(values[i], gradients[i].to.shape, name);
    for (std::size_t i = 0; i < gradients.size(); ++i)
      if (gradients[i].is_wanted()) write(gradients[i], arrays[i]);
  }

  std::string kind_;
  Held callbacks_;
};

// `loss`: an nncpp.CustomLoss
template <typename T>
class PythonLoss final : public BatchLoss<T> {
 public:
  PythonLoss(typename BatchLoss<T>::Options options, py::object loss)
      : BatchLoss<T>(std::move(options)), loss_(hold(std::move(loss))) {}

 private:
  void evaluate_rows(Tensor<const T> v, const Target<T>& target, Wide<T>* losses, T* dv) const override {
    const Shape rows(std::span(v.shape.begin(), v.shape.rank() - 1));
    named(text("loss '", this->name(), "'"), [&] {
      const auto arguments = [&]() -> py::tuple {
        const auto p = copy_of(v);
        if (target.labels != nullptr) return py::make_tuple(p, py::array_t<Index>(axes_of(rows), target.labels));
        return py::make_tuple(p, py::array_t<T>(axes_of(v.shape), target.values));
      };
      call("losses", [&] {
        const auto found = result_of<double>(loss_->attr("losses")(*arguments()), rows, "losses");
        std::copy(found.data(), found.data() + found.size(), losses);
      });
      if (dv == nullptr) return;
      call("gradient", [&] {
        const auto found = result_of<T>(loss_->attr("gradient")(*arguments()), v.shape, "gradient");
        std::copy(found.data(), found.data() + found.size(), dv);
      });
    });
  }

  Held loss_;
};

// dual numbers come through no code but the core's
template <template <typename> class Base, template <typename> class Made, typename T, typename... Arguments>
std::shared_ptr<Base<T>> in_python(const std::string& name, Arguments... arguments) {
  if constexpr (std::is_same_v<T, Dual>)
    throw Error(text(name,
                     " is written in Python: expected operators and layers of nncpp for an exact derivative; "
                     "differences, nn.check_gradients, do without"));
  else
    return std::make_shared<Made<T>>(std::move(arguments)...);
}

}  // namespace

template <typename T>
void register_custom(py::module_& module) {
  using Made = std::shared_ptr<Layer<T>>;
  using MadeLoss = std::shared_ptr<Loss<T>>;
  module.def(
      "PythonLayer",
      [](std::string kind, py::object callbacks) -> Made {
        return in_python<Layer, PythonLayer, T>(kind, kind, std::move(callbacks));
      },
      py::arg("kind"), py::arg("callbacks"));
  const auto options_of = [](std::string name, const std::string& task, double threshold) {
    return typename BatchLoss<T>::Options{std::move(name), task_from_name(task), threshold};
  };
  module.def(
      "PythonLoss",
      [=](std::string name, const std::string& task, double threshold, py::object loss) -> MadeLoss {
        auto options = options_of(name, task, threshold);
        options.takes_labels = options.task == Task::kClasses;
        return in_python<Loss, PythonLoss, T>(name, std::move(options), std::move(loss));
      },
      py::arg("name"), py::arg("task"), py::arg("threshold"), py::arg("loss"));
  module.def(
      "GraphLoss",
      [=](std::string name, const std::string& task, double threshold,
          std::shared_ptr<Network<T>> network) -> MadeLoss {
        return std::make_shared<GraphLoss<T>>(options_of(std::move(name), task, threshold), std::move(network));
      },
      py::arg("name"), py::arg("task"), py::arg("threshold"), py::arg("network"));
}

template void register_custom<float>(py::module_&);
template void register_custom<double>(py::module_&);
template void register_custom<Dual>(py::module_&);

}  // namespace nncpp::python
