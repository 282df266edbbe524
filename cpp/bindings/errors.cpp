// C++ errors become the classes of nncpp.errors.
#include "nncpp/error.hpp"

#include "register.hpp"

namespace py = pybind11;

namespace nncpp::python {
namespace {

void raise(const char* name, const std::exception& error) {
  const py::object type = py::module_::import("nncpp.errors").attr(name);
  PyErr_SetString(type.ptr(), error.what());
}

// NncppError "my_layer: forward raised ValueError: ...", with the exception and its traceback as its cause. One of ours
// keeps its class: ShapeError "my_layer: forward: expected ...".
void raise_with_cause(const CallbackError& error) {
  try {
    std::rethrow_exception(error.cause);
  } catch (py::error_already_set& cause) {
    const py::module_ errors = py::module_::import("nncpp.errors");
    const std::string kind = py::str(cause.type().attr("__name__")), words = py::str(cause.value());
    if (!cause.matches(errors.attr("NncppError")))
      return py::raise_from(cause, errors.attr("NncppError").ptr(),
                            text(error.where, " raised ", kind, ": ", words).c_str());
    const char* ours = "NncppError";
    for (const char* name : {"ShapeError", "DataError"})
      if (cause.matches(errors.attr(name))) ours = name;
    py::raise_from(cause, errors.attr(ours).ptr(), text(error.where, ": ", words).c_str());
  }
}

}  // namespace

void register_errors() {
  py::register_local_exception_translator([](std::exception_ptr pointer) {
    try {
      if (pointer) std::rethrow_exception(pointer);
    } catch (const ShapeError& error) {
      raise("ShapeError", error);
    } catch (const DataError& error) {
      raise("DataError", error);
    } catch (const TypeError& error) {
      PyErr_SetString(PyExc_TypeError, error.what());
    } catch (const Error& error) {
      raise("NncppError", error);
    } catch (const CallbackError& error) {
      raise_with_cause(error);
    }
  });
}

}  // namespace nncpp::python
