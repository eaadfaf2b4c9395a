"""Writes the small ONNX files that the tests read: one good model and one of each kind that must be refused.

    pip install onnx==1.23.2 numpy && python make_models.py

`tiny.onnx` answers sigmoid(mean red of each 4x4 block) for an input of 64x32. `shared.onnx` has that output and two more, one
backbone for three packs: boxes of the eight 16x16 blocks with sigmoid(4 * mean red) and 1 minus it, and the same blocks with
sigmoid(4 * mean green). `shared_int8.onnx` does so behind an 8-bit quantiser.
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

HERE = Path(__file__).parent
WIDTH, HEIGHT, STRIDE, CELL = 64, 32, 4, 16


def weights(classes: int = 1) -> np.ndarray:
    kernel = np.zeros((classes, 3, STRIDE, STRIDE), np.float32)
    kernel[:, 0] = 1 / STRIDE**2
    return kernel


def ends(classes: int = 1, batch: object = "batch", width: int = WIDTH):
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [batch, 3, HEIGHT, width])
    grid = [batch, classes, HEIGHT // STRIDE, width // STRIDE]
    return image, helper.make_tensor_value_info("probability", TensorProto.FLOAT, grid)


def nodes():
    conv = helper.make_node("Conv", ["image", "kernel"], ["logit"], "conv", strides=[STRIDE, STRIDE])
    return [conv, helper.make_node("Sigmoid", ["logit"], ["probability"], "sigmoid")]


def model(parts, initialisers, classes=1, opset=17, others=(), **more):
    image, probability = ends(classes, **more)
    graph = helper.make_graph(parts, "tiny", [image], [probability], initialisers)
    imports = [helper.make_opsetid("", opset), *others]
    made = helper.make_model(graph, opset_imports=imports, ir_version=8, producer_name="make_models")
    return made


def kernel(classes=1):
    return numpy_helper.from_array(weights(classes), "kernel")


def external(tensor, place):
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=place)
    return tensor


def sparse(outside):
    made = model(nodes(), [])
    values = numpy_helper.from_array(np.full(16, 1 / 16, np.float32), "kernel")
    indices = numpy_helper.from_array(np.arange(16, dtype=np.int64), "kernel_indices")
    if outside:
        external(values, "../weights.bin")
    made.graph.sparse_initializer.append(helper.make_sparse_tensor(values, indices, [1, 3, STRIDE, STRIDE]))
    return made


def constant_outside():
    constant = helper.make_node("Constant", [], ["kernel"], "constant", value=external(kernel(), "/etc/passwd"))
    return model([constant, *nodes()], [])


def branch():
    inner = helper.make_graph(nodes(), "inner", [], [ends()[1]])
    yes = helper.make_node("Constant", [], ["yes"], value=numpy_helper.from_array(np.array(True)))
    return model([yes, helper.make_node("If", ["yes"], ["probability"], "if", then_branch=inner, else_branch=inner)],
                 [kernel()])


def hidden_branch():
    made = model(nodes(), [kernel()])
    inner = helper.make_graph([], "inner", [], [])
    made.graph.node[0].attribute.append(helper.make_attribute("body", inner))
    return made


def custom():
    parts = nodes()
    parts[1].op_type, parts[1].domain = "Squash", "org.example"
    return model(parts, [kernel()], others=[helper.make_opsetid("org.example", 1)])


def function():
    parts = nodes()
    parts[1].op_type, parts[1].domain = "Squash", "org.example"
    imports = [helper.make_opsetid("", 17)]
    squash = helper.make_function("org.example", "Squash", ["x"], ["y"],
                                  [helper.make_node("Sigmoid", ["x"], ["y"])], imports)
    made = model(parts, [kernel()], others=[helper.make_opsetid("org.example", 1)])
    made.functions.append(squash)
    return made


def huge():
    big = TensorProto(name="kernel", data_type=TensorProto.FLOAT, dims=[1 << 20, 1 << 20, 4, 4], raw_data=b"\0" * 4)
    return model(nodes(), [big])


def unlisted():
    fill = helper.make_node("RandomNormal", [], ["noise"], "noise", shape=[1 << 15, 1 << 15])
    return model([fill, *nodes()], [kernel()])


def cells():
    corners = [[x, y, x + CELL, y + CELL] for y in range(0, HEIGHT, CELL) for x in range(0, WIDTH, CELL)]
    return np.array([corners], np.float32)


def colour_of_cells(plane, name):
    """Nodes and weights of sigmoid(4 * mean of a colour plane) as [N, 8, 1]."""
    kernel = np.zeros((1, 3, CELL, CELL), np.float32)
    kernel[:, plane] = 4 / CELL**2
    parts = [
        helper.make_node("Conv", ["pixels", f"{name}_kernel"], [f"{name}_grid"], strides=[CELL, CELL]),
        helper.make_node("Reshape", [f"{name}_grid", "column"], [f"{name}_logit"]),
        helper.make_node("Sigmoid", [f"{name}_logit"], [f"{name}_score"]),
        helper.make_node("Mul", [f"{name}_score", "zero"], [f"{name}_zero"]),
        helper.make_node("Add", ["cells", f"{name}_zero"], [f"{name}_corners"]),
    ]
    return parts, numpy_helper.from_array(kernel, f"{name}_kernel")


def shared(quantised=False):
    red, red_kernel = colour_of_cells(0, "red")
    green, green_kernel = colour_of_cells(1, "green")
    parts = [helper.make_node("Identity", ["image"], ["pixels"])]
    weights = [kernel(), red_kernel, green_kernel, numpy_helper.from_array(cells(), "cells")]
    weights += [numpy_helper.from_array(np.array(value, kind), name) for name, value, kind in
                [("zero", 0, np.float32), ("one", 1, np.float32), ("column", [0, -1, 1], np.int64)]]
    if quantised:
        parts = [helper.make_node("QuantizeLinear", ["image", "step", "origin"], ["levels"]),
                 helper.make_node("DequantizeLinear", ["levels", "step", "origin"], ["pixels"])]
        weights += [numpy_helper.from_array(np.float32(1 / 96), "step"),
                    numpy_helper.from_array(np.int8(0), "origin")]
    first = nodes()
    first[0].input[0] = "pixels"
    parts += [*first, *red, *green,
              helper.make_node("Sub", ["one", "red_score"], ["other_score"]),
              helper.make_node("Concat", ["red_corners", "red_score", "other_score"], ["red_boxes"], axis=2),
              helper.make_node("Concat", ["green_corners", "green_score"], ["green_boxes"], axis=2)]
    made = model(parts, weights)
    count = WIDTH * HEIGHT // CELL**2
    for name, columns in [("red_boxes", 6), ("green_boxes", 5)]:
        made.graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", count, columns]))
    return made


MODELS = {
    "shared": shared(),
    "shared_int8": shared(quantised=True),
    "tiny": model(nodes(), [kernel()]),
    "batch_of_one": model(nodes(), [kernel()], batch=1),
    "two_classes": model(nodes(), [kernel(2)], classes=2),
    "wider": model(nodes(), [kernel()], width=96),
    "opset_18": model(nodes(), [kernel()], opset=18),
    "external": model(nodes(), [external(kernel(), "../weights.bin")]),
    "external_constant": constant_outside(),
    "sparse": sparse(outside=False),
    "sparse_external": sparse(outside=True),
    "custom_operator": custom(),
    "function": function(),
    "branch": branch(),
    "hidden_branch": hidden_branch(),
    "huge_shape": huge(),
    "unlisted_operator": unlisted(),
}

if __name__ == "__main__":
    for name, made in MODELS.items():
        (HERE / f"{name}.onnx").write_bytes(made.SerializeToString(deterministic=True))
    for name in ["tiny", "shared", "shared_int8"]:
        onnx.checker.check_model(MODELS[name], full_check=True)
    onnx.checker.check_model(MODELS["function"])
