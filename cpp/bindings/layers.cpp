// One line for each layer.
#include "nncpp/layers/activation.hpp"
#include "nncpp/layers/batch_norm.hpp"
#include "nncpp/layers/dense.hpp"
#include "nncpp/layers/dropout.hpp"
#include "nncpp/layers/embedding.hpp"
#include "nncpp/layers/gaussian_noise.hpp"
#include "nncpp/layers/hierarchical_softmax.hpp"
#include "nncpp/layers/maxout.hpp"
#include "nncpp/layers/prelu.hpp"
#include "nncpp/layers/standardize.hpp"
#include "nncpp/layers/whiten.hpp"
#include "numpy.hpp"
#include "register.hpp"

namespace nncpp::python {

template <typename T>
void register_layers(py::module_& module) {
  using LayerClass = py::class_<Layer<T>, std::shared_ptr<Layer<T>>>;
  LayerClass(module, "Layer")
      .def_property_readonly("kind", &Layer<T>::kind)
      .def_property_readonly("is_view", &Layer<T>::is_view)
      // shapes of one sample; throws ShapeError without the layer's name
      .def(
          "output_shape",
          [](const Layer<T>& self, const std::vector<std::vector<Index>>& inputs) {
            std::vector<Shape> shapes;
            for (const auto& axes : inputs) shapes.emplace_back(axes);
            return tuple_of(self.output_shape(shapes));
          },
          py::arg("inputs"));

  const auto add = [&](const char* name, auto make, auto... arguments) { module.def(name, make, arguments...); };
  using Made = std::shared_ptr<Layer<T>>;
  add(
      "Dense",
      [](Index units, const std::string& activation, bool use_bias, const Initializer& weight,
         const Initializer& bias) -> Made {
        return std::make_shared<Dense<T>>(
            typename Dense<T>::Options{units, activation_from_name(activation), use_bias, weight, bias});
      },
      py::arg("units"), py::arg("activation"), py::arg("use_bias"), py::arg("weight_initializer"),
      py::arg("bias_initializer"));
  add(
      "Activation",
      [](const std::string& name) -> Made { return std::make_shared<ActivationLayer<T>>(activation_from_name(name)); },
      py::arg("activation"));
  add(
      "BatchNorm",
      [](double momentum, double epsilon, const Initializer& gamma, const Initializer& beta) -> Made {
        return std::make_shared<BatchNorm<T>>(typename BatchNorm<T>::Options{momentum, epsilon, gamma, beta});
      },
      py::arg("momentum"), py::arg("epsilon"), py::arg("gamma_initializer"), py::arg("beta_initializer"));
  const auto add_dropout = [&](const char* name, Dropped dropped) {
    add(name, [dropped](double rate) -> Made { return std::make_shared<Dropout<T>>(rate, dropped); }, py::arg("rate"));
  };
  add_dropout("Dropout", Dropped::kNumbers);
  add_dropout("SpatialDropout1D", Dropped::kChannelsOfSequences);
  add_dropout("SpatialDropout2D", Dropped::kChannelsOfImages);
  add(
      "Embedding",
      [](Index vocabulary, Index dimensions, bool is_trainable, const Initializer& weight) -> Made {
        return std::make_shared<Embedding<T>>(
            typename Embedding<T>::Options{vocabulary, dimensions, is_trainable, weight});
      },
      py::arg("vocabulary"), py::arg("dimensions"), py::arg("is_trainable"), py::arg("weight_initializer"));
  add(
      "HierarchicalSoftmax",
      [](const std::vector<Index>& leaves, const std::vector<Index>& splits, const Initializer& weight,
         const Initializer& bias) -> Made {
        return std::make_shared<HierarchicalSoftmax<T>>(
            typename HierarchicalSoftmax<T>::Options{leaves, splits, weight, bias});
      },
      py::arg("leaves"), py::arg("splits"), py::arg("weight_initializer"), py::arg("bias_initializer"));
  add(
      "Maxout",
      [](Index units, Index pieces, bool use_bias, const Initializer& weight, const Initializer& bias) -> Made {
        return std::make_shared<Maxout<T>>(typename Maxout<T>::Options{units, pieces, use_bias, weight, bias});
      },
      py::arg("units"), py::arg("pieces"), py::arg("use_bias"), py::arg("weight_initializer"),
      py::arg("bias_initializer"));
  add(
      "GaussianNoise", [](double deviation) -> Made { return std::make_shared<GaussianNoise<T>>(deviation); },
      py::arg("deviation"));
  add(
      "PReLU",
      [](bool is_shared, const Initializer& slope) -> Made {
        return std::make_shared<PReLU<T>>(typename PReLU<T>::Options{is_shared, slope});
      },
      py::arg("is_shared"), py::arg("slope_initializer"));
  add("Standardize", []() -> Made { return std::make_shared<Standardize<T>>(); });
  add("Whiten", []() -> Made { return std::make_shared<Whiten<T>>(); });
}

template void register_layers<float>(py::module_&);
template void register_layers<double>(py::module_&);
template void register_layers<Dual>(py::module_&);

}  // namespace nncpp::python
