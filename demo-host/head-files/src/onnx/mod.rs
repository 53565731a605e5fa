//! ONNX: the last dense layer of a graph, a Gemm, or a MatMul with or without an Add.

mod messages;

use std::collections::HashMap;

use anyhow::{Context, Result, anyhow, bail, ensure};
use prost::Message as _;

use crate::arrays::{Kind, floats, transposed};
use crate::format::Options;
use crate::head::{Found, check_size};
use messages::{Graph, Model, Node, Tensor};

/// Operators that may stand behind the layer: it changes no logit, or is the softmax that a device has anyway.
const BEHIND: [&str; 11] = [
    "Softmax",
    "LogSoftmax",
    "ArgMax",
    "Identity",
    "Cast",
    "Flatten",
    "Reshape",
    "Squeeze",
    "Unsqueeze",
    "Dropout",
    "ZipMap",
];

/// The head of a graph.
pub(crate) fn head(bytes: &[u8], options: &Options) -> Result<Found> {
    let model = Model::decode(bytes).map_err(|error| anyhow!("it is no whole ONNX file: {error}"))?;
    let graph = model.graph.context("it is no ONNX file: it has no graph")?;
    Layers::of(&graph).head(options)
}

/// A dense layer.
struct Layer<'a> {
    name: &'a str,
    node: &'a Node,
    /// The Add behind a MatMul.
    add: Option<&'a Node>,
}

impl Layer<'_> {
    /// The node whose output are the logits.
    fn last(&self) -> &Node {
        self.add.unwrap_or(self.node)
    }
}

/// A matrix, row by row.
struct Matrix {
    rows: usize,
    columns: usize,
    numbers: Vec<f32>,
}

/// The dense layers of a graph, in its order.
struct Layers<'a> {
    graph: &'a Graph,
    constants: HashMap<&'a str, &'a Tensor>,
    layers: Vec<Layer<'a>>,
}

impl<'a> Layers<'a> {
    fn of(graph: &'a Graph) -> Self {
        let mut constants: HashMap<&str, &Tensor> =
            graph.initializers.iter().map(|tensor| (tensor.name.as_str(), tensor)).collect();
        for node in graph.nodes.iter().filter(|node| node.op_type == "Constant") {
            let value = node.attributes.iter().find(|attribute| attribute.name == "value");
            if let (Some(tensor), Some(output)) = (value.and_then(|value| value.t.as_ref()), node.outputs.first()) {
                constants.insert(output, tensor);
            }
        }
        let mut layers = Vec::new();
        for node in &graph.nodes {
            let Some(output) = node.outputs.first() else { continue };
            let add = match node.op_type.as_str() {
                "Gemm" => None,
                "MatMul" => graph.nodes.iter().find(|other| other.op_type == "Add" && other.inputs.contains(output)),
                _ => continue,
            };
            // An Add of two computed values is a connection past layers and no bias.
            let add = add.filter(|add| add.inputs.iter().any(|input| constants.contains_key(input.as_str())));
            let name = [node.name.as_str(), output.as_str()].into_iter().find(|name| !name.is_empty());
            layers.push(Layer { name: name.unwrap_or("without a name"), node, add });
        }
        Layers { graph, constants, layers }
    }

    fn head(&self, options: &Options) -> Result<Found> {
        let names = || self.layers.iter().map(|layer| format!("`{}`", layer.name)).collect::<Vec<_>>().join(", ");
        let mut notes = Vec::new();
        let layer = match &options.layer {
            Some(wanted) => {
                let found = self.layers.iter().find(|layer| layer.name == wanted);
                found.with_context(|| format!("it has no dense layer `{wanted}`, but {}", names()))?
            }
            None => {
                let all: Vec<&str> = self.graph.nodes.iter().map(|node| node.op_type.as_str()).take(20).collect();
                // The product of two computed matrices, as in attention, is no layer, if there is one.
                let layer = self.layers.iter().rfind(|layer| self.has_weights(layer)).or(self.layers.last());
                let layer = layer
                    .with_context(|| format!("it has no Gemm and no MatMul; its operators are {}", all.join(", ")))?;
                self.check_behind(layer, &mut notes)?;
                if self.layers.len() > 1 {
                    notes.push(format!(
                        "it has {} dense layers, {}, of which the last was taken: another by --layer",
                        self.layers.len(),
                        names()
                    ));
                }
                layer
            }
        };
        let found = match layer.node.op_type.as_str() {
            "Gemm" => self.gemm(layer.node, &mut notes),
            _ => self.product(layer, &mut notes),
        };
        let (weights, bias, features) = found.with_context(|| format!("layer `{}`", layer.name))?;
        notes.insert(
            0,
            format!("taken: `{}`, a {}, {} classes of {features} features", layer.name, layer.node.op_type, bias.len()),
        );
        Found::of_layer(weights, bias, features, notes)
    }

    fn producer(&self, name: &str) -> Option<&'a Node> {
        self.graph.nodes.iter().find(|node| node.outputs.first().is_some_and(|output| output == name))
    }

    /// Whether the weights of a layer are a constant, or made of one.
    fn has_weights(&self, layer: &Layer<'_>) -> bool {
        layer.node.inputs.get(1).is_some_and(|name| {
            let source = self.producer(name).and_then(|node| node.inputs.first());
            self.constants.contains_key(name.as_str())
                || source.is_some_and(|name| self.constants.contains_key(name.as_str()))
        })
    }

    /// Whether the logits reach the output of the graph as they are, but for a softmax.
    fn check_behind(&self, layer: &Layer<'_>, notes: &mut Vec<String>) -> Result<()> {
        let mut behind = Vec::new();
        let mut reached: Vec<&str> = layer.last().outputs.iter().map(String::as_str).collect();
        // A graph lists its nodes in the order in which they are computed.
        for node in &self.graph.nodes {
            if node.inputs.iter().any(|input| reached.contains(&input.as_str())) && !std::ptr::eq(node, layer.last()) {
                ensure!(
                    BEHIND.contains(&node.op_type.as_str()),
                    "behind its last dense layer `{}` comes {}, so that layer does not give the logits: say by --layer which one does",
                    layer.name,
                    node.op_type
                );
                behind.push(node.op_type.as_str());
                reached.extend(node.outputs.iter().map(String::as_str));
            }
        }
        ensure!(
            self.graph.outputs.is_empty()
                || self.graph.outputs.iter().any(|output| reached.contains(&output.name.as_str())),
            "its last dense layer `{}` does not lead to an output of the graph: say by --layer which one gives the logits",
            layer.name
        );
        if !behind.is_empty() {
            notes.push(format!("left out, behind the layer: {}", behind.join(", ")));
        }
        Ok(())
    }

    /// `alpha A B + beta C`, with B transposed or not: weights, biases, features.
    fn gemm(&self, node: &Node, notes: &mut Vec<String>) -> Result<(Vec<f32>, Vec<f32>, usize)> {
        let attribute = |name: &str| node.attributes.iter().find(|attribute| attribute.name == name);
        let factor = |name| attribute(name).map_or(1.0, |attribute| attribute.f);
        let flag = |name| attribute(name).is_some_and(|attribute| attribute.i != 0);
        ensure!(!flag("transA"), "it transposes its features (transA), which no sample by itself has");
        let Matrix { rows, columns, numbers } = self.matrix(node.inputs.get(1), notes)?;
        let (mut weights, classes, features) = match flag("transB") {
            true => (numbers, rows, columns),
            false => (transposed(&numbers, columns), columns, rows),
        };
        let (alpha, beta) = (factor("alpha"), factor("beta"));
        weights.iter_mut().for_each(|weight| *weight *= alpha);
        let mut bias = match node.inputs.get(2).filter(|name| !name.is_empty()) {
            Some(name) => self.bias(name, classes, notes)?,
            None => vec![0.0; classes],
        };
        bias.iter_mut().for_each(|bias| *bias *= beta);
        Ok((weights, bias, features))
    }

    /// `A B`, and the Add behind it.
    fn product(&self, layer: &Layer<'_>, notes: &mut Vec<String>) -> Result<(Vec<f32>, Vec<f32>, usize)> {
        let inputs = &layer.node.inputs;
        let is_constant = |at: usize| inputs.get(at).is_some_and(|name| self.constants.contains_key(name.as_str()));
        ensure!(
            !is_constant(0) || is_constant(1),
            "its matrix stands left of the features: write it as a Gemm, or transposed"
        );
        let Matrix { rows: features, columns: classes, numbers } = self.matrix(inputs.get(1), notes)?;
        let bias = match layer.add {
            None => vec![0.0; classes],
            Some(add) => {
                let name = add.inputs.iter().find(|input| self.constants.contains_key(input.as_str()));
                self.bias(name.map_or("", String::as_str), classes, notes)?
            }
        };
        Ok((transposed(&numbers, classes), bias, features))
    }

    /// The matrix of this name: a constant, or the transpose of one.
    fn matrix(&self, name: Option<&String>, notes: &mut Vec<String>) -> Result<Matrix> {
        let name = name.context("it has no weights")?;
        let producer = self.producer(name);
        let (source, turned) = match producer {
            Some(node) if node.op_type == "Transpose" => (node.inputs.first().unwrap_or(name), true),
            Some(node) if node.op_type == "Identity" => (node.inputs.first().unwrap_or(name), false),
            Some(node) if node.op_type != "Constant" => bail!(
                "its weights `{name}` are no constant, but made by {}: {}",
                node.op_type,
                if node.op_type == "DequantizeLinear" {
                    "export the model in float"
                } else {
                    "export the model with constants folded"
                }
            ),
            _ => (name, false),
        };
        let tensor = self.constant(source)?;
        let (shape, numbers) = numbers(tensor, notes)?;
        let &[rows, columns] = shape.as_slice() else {
            bail!("its weights `{name}` have the shape {shape:?}, but must be a matrix")
        };
        Ok(match turned {
            true => Matrix { rows: columns, columns: rows, numbers: transposed(&numbers, columns) },
            false => Matrix { rows, columns, numbers },
        })
    }

    /// One number a class; a single one is that of all.
    fn bias(&self, name: &str, classes: usize, notes: &mut Vec<String>) -> Result<Vec<f32>> {
        let (shape, numbers) = numbers(self.constant(name)?, notes)?;
        match numbers.len() {
            1 => Ok(vec![numbers[0]; classes]),
            count if count == classes => Ok(numbers),
            _ => bail!(
                "its bias `{name}` has the shape {shape:?}, but must have one number for each of {classes} classes"
            ),
        }
    }

    fn constant(&self, name: &str) -> Result<&'a Tensor> {
        let found = self.constants.get(name).copied();
        found.with_context(|| {
            format!("`{name}` is no constant of the graph: export the model with its parameters as constants")
        })
    }
}

/// The shape and the numbers of a tensor, finite.
fn numbers(tensor: &Tensor, notes: &mut Vec<String>) -> Result<(Vec<usize>, Vec<f32>)> {
    let name = &tensor.name;
    ensure!(
        tensor.data_location != 1,
        "`{name}` lies in another file (external data): put it into this one by onnx.save(onnx.load(file), other)"
    );
    let sizes = tensor.dims.iter().map(|size| usize::try_from(*size));
    let shape: Vec<usize> =
        sizes.collect::<Result<_, _>>().with_context(|| format!("`{name}` has the shape {:?}", tensor.dims))?;
    let count = check_size(&shape).with_context(|| format!("`{name}`"))?;
    let (kind, type_name) = match tensor.data_type {
        1 => (Kind::F32, "float32"),
        10 => (Kind::F16, "float16"),
        11 => (Kind::F64, "float64"),
        16 => (Kind::Bf16, "bfloat16"),
        3 => bail!("`{name}` is int8: export the model in float"),
        other => bail!("`{name}` has ONNX's type {other}, but must be float32, float16, bfloat16 or float64"),
    };
    let bytes = match kind {
        _ if !tensor.raw_data.is_empty() => tensor.raw_data.clone(),
        Kind::F32 => crate::format::le_bytes(&tensor.float_data),
        Kind::F64 => tensor.double_data.iter().flat_map(|number| number.to_le_bytes()).collect(),
        _ => tensor.int32_data.iter().flat_map(|number| (*number as u16).to_le_bytes()).collect(),
    };
    ensure!(
        bytes.len() == count * kind.bytes(),
        "`{name}` has {} bytes, but {shape:?} of {type_name} takes {}",
        bytes.len(),
        count * kind.bytes()
    );
    let numbers = floats(&bytes, kind);
    let columns = shape.last().copied().unwrap_or(1).max(1);
    if let Some(at) = numbers.iter().position(|number| !number.is_finite()) {
        bail!(
            "`{name}`, row {}, column {} is {} as float32, but must be finite",
            at / columns,
            at % columns,
            numbers[at]
        );
    }
    if kind != Kind::F32 {
        notes.push(format!("`{name}` was converted from {type_name}"));
    }
    Ok((shape, numbers))
}
