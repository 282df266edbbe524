// One line for each layer of images.
#include "nncpp/layers/augmentation.hpp"
#include "nncpp/layers/conv2d.hpp"
#include "nncpp/layers/conv2d_transpose.hpp"
#include "nncpp/layers/locally_connected2d.hpp"
#include "nncpp/layers/pool2d.hpp"
#include "nncpp/layers/up_sample.hpp"
#include "nncpp/layers/zero_pad.hpp"
#include "numpy.hpp"
#include "register.hpp"

namespace nncpp::python {

template <typename T>
void register_images(py::module_& module) {
  using Made = std::shared_ptr<Layer<T>>;
  const auto add = [&](const char* name, auto make, auto... arguments) { module.def(name, make, arguments...); };
  add(
      "RandomFlip",
      [](bool is_horizontal, bool is_vertical) -> Made {
        return std::make_shared<RandomFlip<T>>(is_horizontal, is_vertical);
      },
      py::arg("is_horizontal"), py::arg("is_vertical"));
  add(
      "RandomShift", [](Index rows, Index columns) -> Made { return std::make_shared<RandomShift<T>>(rows, columns); },
      py::arg("rows"), py::arg("columns"));
  add(
      "Crop",
      [](Index height, Index width, bool is_random) -> Made {
        return std::make_shared<Crop<T>>(height, width, is_random);
      },
      py::arg("height"), py::arg("width"), py::arg("is_random"));
  add(
      "Conv2D",
      [](Index filters, const Window& window, Index groups, const std::string& activation, bool use_bias,
         const Initializer& weight, const Initializer& bias) -> Made {
        return std::make_shared<Conv2D<T>>(typename Conv2D<T>::Options{
            filters, window.options(), groups, activation_from_name(activation), use_bias, weight, bias});
      },
      py::arg("filters"), py::arg("window"), py::arg("groups"), py::arg("activation"), py::arg("use_bias"),
      py::arg("weight_initializer"), py::arg("bias_initializer"));
  add(
      "Conv2DTranspose",
      [](Index filters, const Window& window, std::array<Index, 2> output_padding, const std::string& activation,
         bool use_bias, const Initializer& weight, const Initializer& bias) -> Made {
        return std::make_shared<Conv2DTranspose<T>>(typename Conv2DTranspose<T>::Options{
            filters, window.options(), output_padding, activation_from_name(activation), use_bias, weight, bias});
      },
      py::arg("filters"), py::arg("window"), py::arg("output_padding"), py::arg("activation"), py::arg("use_bias"),
      py::arg("weight_initializer"), py::arg("bias_initializer"));
  add(
      "LocallyConnected2D",
      [](Index filters, const Window& window, const std::string& activation, bool use_bias, const Initializer& weight,
         const Initializer& bias) -> Made {
        return std::make_shared<LocallyConnected2D<T>>(typename LocallyConnected2D<T>::Options{
            filters, window.options(), activation_from_name(activation), use_bias, weight, bias});
      },
      py::arg("filters"), py::arg("window"), py::arg("activation"), py::arg("use_bias"), py::arg("weight_initializer"),
      py::arg("bias_initializer"));
  const auto window_of = [](const Window& window) { return typename Pool2D<T>::Options{window.options()}; };
  const auto whole = [](bool is_sequence) { return typename Pool2D<T>::Options{{.is_sequence = is_sequence}, true}; };
  add(
      "MaxPool2D", [=](const Window& window) -> Made { return std::make_shared<MaxPool2D<T>>(window_of(window)); },
      py::arg("window"));
  add(
      "AveragePool2D",
      [=](const Window& window) -> Made { return std::make_shared<AveragePool2D<T>>(window_of(window)); },
      py::arg("window"));
  add(
      "LpPool2D",
      [=](const Window& window, double p) -> Made {
        return std::make_shared<LpPool2D<T>>(typename LpPool2D<T>::Options{window_of(window), p});
      },
      py::arg("window"), py::arg("p"));
  add(
      "GlobalMaxPool2D", [=](bool is_sequence) -> Made { return std::make_shared<MaxPool2D<T>>(whole(is_sequence)); },
      py::arg("is_sequence"));
  add(
      "GlobalAveragePool2D",
      [=](bool is_sequence) -> Made { return std::make_shared<AveragePool2D<T>>(whole(is_sequence)); },
      py::arg("is_sequence"));
  add(
      "UpSample2D",
      [](const std::array<Index, 2>& size, bool is_sequence) -> Made {
        return std::make_shared<UpSample2D<T>>(typename UpSample2D<T>::Options{size, is_sequence});
      },
      py::arg("size"), py::arg("is_sequence"));
  add(
      "ZeroPad2D",
      [](const Window& window) -> Made {
        return std::make_shared<ZeroPad2D<T>>(
            typename ZeroPad2D<T>::Options{window.options().padding, window.options().is_sequence});
      },
      py::arg("window"));
}

template void register_images<float>(py::module_&);
template void register_images<double>(py::module_&);
template void register_images<Dual>(py::module_&);

}  // namespace nncpp::python
