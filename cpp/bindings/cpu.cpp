// nncpp._cpu: what this processor runs. Compiled for the baseline and without the core, so importing it is safe
// anywhere. __builtin_cpu_supports also asks whether the operating system saves the wide registers.
#include <Python.h>

namespace {

bool append(PyObject* list, const char* name) {
  PyObject* item = PyUnicode_FromString(name);
  const bool is_appended = item != nullptr && PyList_Append(list, item) == 0;
  Py_XDECREF(item);
  return is_appended;
}

PyObject* levels(PyObject*, PyObject*) {
  PyObject* list = PyList_New(0);
  if (list == nullptr) return nullptr;
  bool is_complete = true;
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("x86-64-v2")) is_complete = is_complete && append(list, "v2");
  if (__builtin_cpu_supports("x86-64-v3")) is_complete = is_complete && append(list, "v3");
  if (__builtin_cpu_supports("x86-64-v4")) is_complete = is_complete && append(list, "v4");
#else
  is_complete = append(list, "baseline");
#endif
  if (is_complete) return list;
  Py_DECREF(list);
  return nullptr;
}

PyMethodDef methods[] = {
    {"levels", levels, METH_NOARGS, "Names of the processor levels that run here, lowest first."},
    {nullptr, nullptr, 0, nullptr},
};

PyModuleDef module = {PyModuleDef_HEAD_INIT, "_cpu", nullptr, 0, methods, nullptr, nullptr, nullptr, nullptr};

}  // namespace

PyMODINIT_FUNC PyInit__cpu() { return PyModule_Create(&module); }
