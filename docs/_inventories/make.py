"""Write the inventories that link the book to other projects' documentation, without a network.

Sphinx asks an inventory where a name is documented. The projects' own inventories hold thousands of
names and would have to be fetched; the book names a few hundred. They are listed here, by the pages
that they stand on. To link one more name, add it here and run this file where `sphobjinv` is
installed:

    python -m pip install sphobjinv
    python docs/_inventories/make.py
"""

from collections.abc import Iterator
from pathlib import Path

import sphobjinv

HERE = Path(__file__).parent

# For each project: role, the page where the names are explained, a prefix, the names. In a page's
# address `{name}` stands for the full name and `{short}` for the name as it is listed here.
Group = tuple[str, str, str, str]

PYTHON: list[Group] = [
    (
        "function",
        "library/functions.html#{name}",
        "",
        "abs all any callable dir divmod enumerate filter format getattr hasattr id isinstance"
        " issubclass iter len map max min next open print repr reversed round setattr sorted sum"
        " vars zip",
    ),
    ("class", "library/functions.html#{name}", "", "bool float int object slice super type"),
    ("class", "library/stdtypes.html#{name}", "", "bytes dict frozenset list range set str tuple"),
    ("data", "library/constants.html#{name}", "", "False None True"),
    (
        "exception",
        "library/exceptions.html#{name}",
        "",
        "ArithmeticError AssertionError AttributeError IndexError KeyboardInterrupt KeyError"
        " RuntimeError StopIteration TypeError ValueError",
    ),
    ("class", "library/collections.html#{name}", "collections", "Counter OrderedDict"),
    (
        "class",
        "library/collections.abc.html#{name}",
        "collections.abc",
        "Callable Iterable Iterator Mapping Sequence",
    ),
    ("class", "library/pathlib.html#{name}", "pathlib", "Path"),
    ("method", "library/pathlib.html#{name}", "pathlib.Path", "read_text write_text"),
    ("class", "library/tempfile.html#{name}", "tempfile", "TemporaryDirectory"),
    (
        "function",
        "library/itertools.html#{name}",
        "itertools",
        "combinations count cycle pairwise product",
    ),
    ("class", "library/functools.html#{name}", "functools", "partial"),
    ("function", "library/functools.html#{name}", "functools", "reduce"),
    ("function", "library/dataclasses.html#{name}", "dataclasses", "dataclass field replace"),
    ("function", "library/contextlib.html#{name}", "contextlib", "contextmanager suppress"),
    ("function", "library/textwrap.html#{name}", "textwrap", "dedent fill indent wrap"),
    (
        "function",
        "library/math.html#{name}",
        "math",
        "ceil comb cos exp factorial floor isclose isfinite isinf isnan log prod sin sqrt tanh",
    ),
    ("data", "library/math.html#{name}", "math", "inf nan pi"),
    ("function", "library/statistics.html#{name}", "statistics", "mean median"),
    ("function", "library/time.html#{name}", "time", "perf_counter"),
    ("function", "library/json.html#{name}", "json", "dump dumps load loads"),
    (
        "module",
        "library/{name}.html#module-{name}",
        "",
        "collections contextlib dataclasses functools itertools json math pathlib pickle"
        " statistics tempfile textwrap time warnings",
    ),
]
PYTHON_TERMS = (
    "context manager",
    "decorator",
    "dictionary",
    "generator",
    "iterable",
    "iterator",
    "list",
    "mapping",
    "method",
    "sequence",
)
PYTHON_LABELS = {
    "bltin-boolean-values": ("library/stdtypes.html#bltin-boolean-values", "Boolean Type - bool")
}

GENERATED = "generated/{name}.html#{name}"
TORCH: list[Group] = [
    ("class", "tensors.html#{name}", "torch", "Tensor"),
    ("class", "size.html#{name}", "torch", "Size"),
    ("class", "tensor_attributes.html#{name}", "torch", "device dtype"),
    ("class", GENERATED, "torch", "Generator enable_grad no_grad"),
    (
        "function",
        GENERATED,
        "torch",
        "abs add all allclose any arange argmax argmin as_tensor cartesian_prod cat clamp"
        " combinations concat corrcoef cos diag diff einsum empty equal erf exp eye flatten"
        " from_numpy full full_like gather get_default_dtype get_num_threads get_rng_state"
        " is_tensor isclose isfinite isnan linspace load log logspace manual_seed matmul max"
        " maximum mean median meshgrid min minimum nextafter normal numel ones ones_like outer"
        " promote_types quantile rand rand_like randint randn randn_like randperm reshape"
        " result_type save set_default_dtype set_num_threads set_printoptions sigmoid sign sin"
        " softmax sort split sqrt square squeeze stack std sum tanh tensor tensordot trapezoid"
        " unsqueeze var vmap where zeros zeros_like",
    ),
    (
        "method",
        GENERATED,
        "torch.Tensor",
        "abs add_ all any argmax argmin backward clamp clone contiguous copy_ cpu data_ptr"
        " detach diagonal dim double element_size equal exp expand fill_ flatten float"
        " index_select is_contiguous isfinite item long max mean median min mul mul_ ndimension"
        " norm numel numpy permute quantile register_hook repeat requires_grad_ reshape size sort"
        " split sqrt square squeeze std storage_offset stride sub_ sum t tanh to tolist transpose"
        " unsqueeze untyped_storage var view zero_",
    ),
    (
        "attribute",
        GENERATED,
        "torch.Tensor",
        "device grad is_leaf itemsize ndim requires_grad shape",
    ),
    ("class", GENERATED, "torch.autograd.grad_mode", "inference_mode set_grad_enabled"),
    ("function", GENERATED, "torch.autograd", "backward grad"),
    ("function", GENERATED, "torch.autograd.functional", "hessian jacobian"),
    (
        "class",
        GENERATED,
        "torch.nn",
        "BatchNorm1d Conv1d Conv2d Conv3d CrossEntropyLoss Dropout ELU Flatten GELU Hardshrink"
        " Hardtanh Identity L1Loss LayerNorm LeakyReLU Linear LogSoftmax MSELoss Module"
        " ModuleDict ModuleList ParameterDict ParameterList ReLU Sequential SiLU Sigmoid Softmax"
        " Softplus Softshrink Tanh Tanhshrink",
    ),
    ("class", GENERATED, "torch.nn.parameter", "Parameter"),
    (
        "method",
        "generated/torch.nn.Module.html#{name}",
        "torch.nn.Module",
        "add_module apply buffers children cpu cuda double eval forward get_parameter"
        " get_submodule load_state_dict modules named_buffers named_children named_modules"
        " named_parameters parameters register_buffer register_forward_hook"
        " register_forward_pre_hook register_full_backward_hook register_full_backward_pre_hook"
        " register_module register_parameter requires_grad_ state_dict to train zero_grad",
    ),
    (
        "function",
        GENERATED,
        "torch.nn.functional",
        "cross_entropy dropout gelu hardtanh l1_loss leaky_relu linear mse_loss relu sigmoid"
        " silu softmax softplus softshrink tanh",
    ),
    (
        "function",
        "nn.init.html#{name}",
        "torch.nn.init",
        "constant_ kaiming_uniform_ normal_ ones_ uniform_ xavier_uniform_ zeros_",
    ),
    ("function", GENERATED, "torch.nn.utils", "parameters_to_vector vector_to_parameters"),
    (
        "class",
        GENERATED,
        "torch.optim",
        "ASGD Adadelta Adagrad Adam AdamW Adamax LBFGS NAdam RAdam RMSprop Rprop SGD SparseAdam",
    ),
    ("class", "optim.html#{name}", "torch.optim", "Optimizer"),
    (
        "method",
        GENERATED,
        "torch.optim.Optimizer",
        "add_param_group load_state_dict state_dict step zero_grad",
    ),
    (
        "class",
        "data.html#{name}",
        "torch.utils.data",
        "BatchSampler DataLoader Dataset IterableDataset RandomSampler Sampler SequentialSampler"
        " Subset SubsetRandomSampler TensorDataset WeightedRandomSampler",
    ),
    ("function", "data.html#{name}", "torch.utils.data", "random_split"),
    (
        "function",
        GENERATED,
        "torch.linalg",
        "cond eigh eigvalsh inv lstsq matrix_rank multi_dot norm qr solve solve_triangular svd"
        " svdvals vector_norm",
    ),
    ("function", GENERATED, "torch.func", "functional_call grad grad_and_value jacrev vmap"),
    ("function", "testing.html#{name}", "torch.testing", "assert_close"),
    ("function", GENERATED, "torch.cuda", "get_device_name is_available synchronize"),
    ("function", "random.html#{name}", "torch.random", "fork_rng"),
    (
        "module",
        "{short}.html#module-torch.{short}",
        "torch",
        "hub linalg nn optim",
    ),
    ("module", "data.html#module-{name}", "torch.utils", "data"),
]
# Names that users write, for things that are documented under the module that defines them.
TORCH_ALIASES: list[Group] = [
    (
        "class",
        "generated/torch.autograd.grad_mode.{short}.html#torch.autograd.grad_mode.{short}",
        "torch",
        "inference_mode set_grad_enabled",
    ),
    (
        "class",
        "generated/torch.nn.parameter.Parameter.html#torch.nn.parameter.Parameter",
        "torch.nn",
        "Parameter",
    ),
]

NUMPY: list[Group] = [
    ("class", "reference/generated/{name}.html#{name}", "numpy", "ndarray"),
    (
        "function",
        "reference/generated/{name}.html#{name}",
        "numpy",
        "allclose arange array array_equal asarray interp linspace mean ones shares_memory stack"
        " zeros",
    ),
    ("class", "reference/arrays.scalars.html#{name}", "numpy", "float32 float64 int64"),
    ("class", "reference/random/generator.html#{name}", "numpy.random", "Generator"),
    ("function", "reference/random/generator.html#{name}", "numpy.random", "default_rng"),
]
NUMPY_TERMS = ("array_like",)

MATPLOTLIB: list[Group] = [
    (
        "function",
        "api/_as_gen/{name}.html#{name}",
        "matplotlib.pyplot",
        "close figure gcf show subplot_mosaic subplots",
    ),
    ("class", "api/_as_gen/{name}.html#{name}", "matplotlib.axes", "Axes"),
    (
        "method",
        "api/_as_gen/{name}.html#{name}",
        "matplotlib.axes.Axes",
        "add_patch annotate axhline axhspan axis axvline axvspan bar barh clabel contour"
        " contourf errorbar fill fill_between fill_betweenx get_legend_handles_labels grid hist"
        " hlines imshow indicate_inset inset_axes invert_yaxis legend loglog margins pcolormesh"
        " plot quiver scatter semilogx semilogy set set_aspect set_axis_off set_title set_xlabel"
        " set_xlim set_xscale set_xticks set_ylabel set_ylim set_yscale set_yticks stairs stem"
        " step text tick_params twinx violinplot vlines",
    ),
    ("class", "api/_as_gen/{name}.html#{name}", "matplotlib.patches", "Circle Polygon Rectangle"),
    ("class", "api/_as_gen/{name}.html#{name}", "matplotlib.figure", "Figure"),
    (
        "method",
        "api/_as_gen/{name}.html#{name}",
        "matplotlib.figure.Figure",
        "add_subplot colorbar legend savefig subplots suptitle supxlabel supylabel",
    ),
]


def objects(groups: list[Group]) -> Iterator[sphobjinv.DataObjStr]:
    """Give an inventory entry for each name of the groups."""
    for role, page, prefix, names in groups:
        for short in names.split():
            name = f"{prefix}.{short}" if prefix else short
            uri = page.format(name=name, short=short)
            yield entry("py", role, name, uri)


def terms(names: tuple[str, ...]) -> Iterator[sphobjinv.DataObjStr]:
    """Give an inventory entry for each term of a project's glossary."""
    for name in names:
        yield entry("std", "term", name, f"glossary.html#term-{name.replace(' ', '-')}")


def entry(domain: str, role: str, name: str, uri: str, shown: str = "-") -> sphobjinv.DataObjStr:
    """Give one inventory entry."""
    return sphobjinv.DataObjStr(
        name=name, domain=domain, role=role, priority="1", uri=uri, dispname=shown
    )


def write(project: str, entries: list[sphobjinv.DataObjStr]) -> None:
    """Write an inventory beside this file."""
    keys = [(item.domain, item.role, item.name) for item in entries]
    repeated = {key for key in keys if keys.count(key) > 1}
    if repeated:
        raise ValueError(f"{project}: listed twice: {sorted(repeated)}.")
    inventory = sphobjinv.Inventory()
    inventory.project, inventory.version = project, ""
    inventory.objects.extend(sorted(entries, key=lambda item: (item.domain, item.role, item.name)))
    compressed = sphobjinv.compress(inventory.data_file())
    sphobjinv.writebytes(str(HERE / f"{project}.inv"), compressed)
    print(f"{project}.inv: {len(entries)} names")


if __name__ == "__main__":
    labels = [entry("std", "label", name, *where) for name, where in PYTHON_LABELS.items()]
    write("python", [*objects(PYTHON), *terms(PYTHON_TERMS), *labels])
    write("torch", [*objects(TORCH), *objects(TORCH_ALIASES)])
    write("numpy", [*objects(NUMPY), *terms(NUMPY_TERMS)])
    write("matplotlib", list(objects(MATPLOTLIB)))
