"""From a pruned network to a program that can be timed: the one road that trials and the final build both take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from npas.compiler.emit import emit
from npas.compiler.indexed import Options
from npas.compiler.lower import Lowered, lower
from npas.compiler.passes import simplify
from npas.compiler.passes.round_weights import round_weights, rounded_nodes
from npas.compiler.schedules.records import AnySchedule
from npas.graph.graph import Network
from npas.spec.schema import OpenClTarget, Storage, Target
from npas.targets import opencl, scratch
from npas.targets.bench import RunnableProgram
from npas.targets.isa import Isa, require, resolve
from npas.targets.local import LocalDevice
from npas.targets.toolchain import compile_program, cores
from npas.targets.tree_writer import write_scratch
from npas.tuning.known import Known


@dataclass(frozen=True)
class Machine:
    """The resolved target: what is generated for, and where it runs."""

    isa: Isa
    threads: int
    device: LocalDevice
    known: Mapping[str, AnySchedule] = field(default_factory=dict)
    """Tuned schedules by a layer's key."""
    fully_connected: Storage = "fp32"
    """How weights of fully connected layers are stored."""
    weights: Storage = "fp32"
    """How those of convolutions are too, but for depthwise ones."""
    wanted: tuple[str, str] = ("", "")
    """Parts of the names of an OpenCL platform and device."""

    @staticmethod
    def of(target: Target) -> Machine:
        """With what was tuned on it before. Raises DeviceError where this machine cannot run the spec's ISA or has no
        such device."""
        if isinstance(target, OpenClTarget):
            found = opencl.find(target)
            isa, device = opencl.isa_of(target, found), opencl_device(found)
            opencl.require(isa, found)
        else:
            isa, device = resolve(target.isa), LocalDevice()
            require(isa)
        known = {key: entry.schedule for key, entry in Known(device).read().items()}
        if isinstance(target, OpenClTarget):
            wanted, stored_as = (target.platform, target.device), target.weights
            return Machine(isa, target.threads, device, known, stored_as, stored_as, wanted)
        return Machine(isa, target.threads, device, known, target.fully_connected)


def opencl_device(found: opencl.OpenClDevice) -> LocalDevice:
    """This machine, computing on an OpenCL device."""
    told = tuple(sorted(opencl.environment().items()))
    return LocalDevice(environment=told, accelerator=f"{found.name}, {found.version}, driver {found.driver}")


@dataclass(frozen=True)
class Compiled:
    """A lowered network and its bench program."""

    network: Network
    """Simplified: what the plan's layers compute."""
    lowered: Lowered
    bench: RunnableProgram


def stored(network: Network, machine: Machine) -> Network:
    """The network with its weights as the target stores them: itself, or simplified and rounded. Made again of what
    it gave it changes nothing. Raises UnsupportedError where a weight is too large for its type."""
    if machine.fully_connected == "fp32":
        return network
    return round_weights(simplify(network), machine.weights == "fp16")


def lower_for(network: Network, name: str, machine: Machine, options: Options | None = None) -> tuple[Network, Lowered]:
    """The simplified network and its plan. Raises UnsupportedError."""
    named = replace(network, graph=replace(network.graph, name=name))
    simple = simplify(stored(named, machine))
    halves = rounded_nodes(simple.graph, machine.weights == "fp16") if machine.fully_connected == "fp16" else ()
    options = replace(options or Options(), known=machine.known, halves=halves, wanted=machine.wanted)
    return simple, lower(simple, isa=machine.isa.name, threads=machine.threads, options=options)


@contextmanager
def compiled(network: Network, name: str, machine: Machine, options: Options | None = None) -> Iterator[Compiled]:
    """Generates, compiles and yields the program; its tree and weights go when the block ends, its objects stay cached.

    Raises UnsupportedError and CompileError.
    """
    simple, lowered = lower_for(network, name, machine, options)
    with scratch.folder() as root:
        tree = {**emit(lowered.plan, layer_files=cores()), "weights.bin": lowered.weights()}
        write_scratch(root / "runtime", tree)
        program = compile_program(root / "runtime", "bench", machine.isa)
        yield Compiled(simple, lowered, RunnableProgram(program, root / "runtime" / "weights.bin"))
