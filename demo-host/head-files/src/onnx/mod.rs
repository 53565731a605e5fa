//! ONNX: the last dense layer of a graph, a Gemm, or a MatMul with or without an Add; in integers, behind DequantizeLinear or as QLinearMatMul and
//! QGemm.

mod messages;
mod quantized;

use std::collections::HashMap;

use anyhow::{Context, Result, anyhow, bail, ensure};
use prost::Message as _;

use crate::arrays::{Kind, floats, transposed};
use crate::format::Options;
use crate::head::{Found, check_size};
use messages::{Graph, Model, Node, Tensor};
use quantized::{Scaling, dequantized, scaled_bias};

/// Operators that may stand behind the layer: it changes no logit, or is the softmax that a device has anyway.
const BEHIND: [&str; 14] = [
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
    "QuantizeLinear",
    "DequantizeLinear",
    "QLinearSoftmax",
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

/// The steps from a name to the constant behind it, at most: a graph might be a circle.
const STEPS: usize = 4;

/// A matrix, row by row.
struct Matrix {
    rows: usize,
    columns: usize,
    numbers: Vec<f32>,
}

/// The nodes of a graph, and its constants by their names.
struct Tensors<'a> {
    graph: &'a Graph,
    constants: HashMap<&'a str, &'a Tensor>,
}

/// The dense layers of a graph, in its order.
struct Layers<'a> {
    tensors: Tensors<'a>,
    layers: Vec<Layer<'a>>,
}

impl<'a> Tensors<'a> {
    fn of(graph: &'a Graph) -> Self {
        let mut constants: HashMap<&str, &Tensor> =
            graph.initializers.iter().map(|tensor| (tensor.name.as_str(), tensor)).collect();
        for node in graph.nodes.iter().filter(|node| node.op_type == "Constant") {
            let value = node.attributes.iter().find(|attribute| attribute.name == "value");
            if let (Some(tensor), Some(output)) = (value.and_then(|value| value.t.as_ref()), node.outputs.first()) {
                constants.insert(output, tensor);
            }
        }
        Tensors { graph, constants }
    }

    fn constant(&self, name: &str) -> Result<&'a Tensor> {
        let found = self.constants.get(name).copied();
        found.with_context(|| {
            format!("`{name}` is no constant of the graph: export the model with its parameters as constants")
        })
    }

    /// The node that computes what has this name.
    fn producer(&self, name: &str) -> Option<&'a Node> {
        self.graph.nodes.iter().find(|node| node.outputs.first().is_some_and(|output| output == name))
    }

    /// Whether it is a constant, or made of one.
    fn is_fixed(&self, name: &str) -> bool {
        let mut name = name;
        for _ in 0..STEPS {
            if self.constants.contains_key(name) {
                return true;
            }
            let Some(source) = self.producer(name).and_then(|node| node.inputs.first()) else { return false };
            name = source;
        }
        false
    }

    /// The place of an Add's fixed summand among its inputs.
    fn fixed_summand(&self, add: &Node) -> Option<usize> {
        let second = if add.op_type == "QLinearAdd" { 3 } else { 1 };
        [0, second].into_iter().find(|place| add.inputs.get(*place).is_some_and(|name| self.is_fixed(name)))
    }

    /// The Add behind a product, perhaps behind the rounding to integers, whose other summand is fixed: a sum of two computed values is a connection
    /// past layers and no bias.
    fn add_behind(&self, product: &'a Node) -> Option<&'a Node> {
        let mut output = product.outputs.first()?;
        for _ in 0..STEPS {
            let next = self.graph.nodes.iter().find(|node| node.inputs.contains(output))?;
            match next.op_type.as_str() {
                "Add" | "QLinearAdd" => return Some(next).filter(|add| self.fixed_summand(add).is_some()),
                "QuantizeLinear" | "DequantizeLinear" => output = next.outputs.first()?,
                _ => return None,
            }
        }
        None
    }
}

impl<'a> Layers<'a> {
    fn of(graph: &'a Graph) -> Self {
        let tensors = Tensors::of(graph);
        let mut layers = Vec::new();
        for node in &graph.nodes {
            let Some(output) = node.outputs.first() else { continue };
            let add = match node.op_type.as_str() {
                "Gemm" | "QGemm" => None,
                "MatMul" | "QLinearMatMul" => tensors.add_behind(node),
                _ => continue,
            };
            let name = [node.name.as_str(), output.as_str()].into_iter().find(|name| !name.is_empty());
            layers.push(Layer { name: name.unwrap_or("without a name"), node, add });
        }
        Layers { tensors, layers }
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
                let nodes = &self.tensors.graph.nodes;
                let all: Vec<&str> = nodes.iter().map(|node| node.op_type.as_str()).take(20).collect();
                // The product of two computed matrices, as in attention, is no layer, if there is one.
                let layer = self.layers.iter().rfind(|layer| self.has_weights(layer)).or(self.layers.last());
                let layer = layer
                    .with_context(|| {
                    let dynamic = "it multiplies in integers whose scale each sample sets (MatMulInteger): quantise it statically, or import the float model";
                    match all.contains(&"MatMulInteger") {
                        true => dynamic.to_owned(),
                        false => format!("it has no Gemm and no MatMul; its operators are {}", all.join(", ")),
                    }
                })?;
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
            "Gemm" | "QGemm" => self.gemm(layer.node, &mut notes),
            _ => self.product(layer, &mut notes),
        };
        let (weights, bias, features) = found.with_context(|| format!("layer `{}`", layer.name))?;
        notes.insert(
            0,
            format!("taken: `{}`, a {}, {} classes of {features} features", layer.name, layer.node.op_type, bias.len()),
        );
        Found::of_layer(weights, bias, features, notes)
    }

    /// Whether the weights of a layer are a constant, or made of one.
    fn has_weights(&self, layer: &Layer<'_>) -> bool {
        layer.node.inputs.get(weights_of(layer.node)).is_some_and(|name| self.tensors.is_fixed(name))
    }

    /// Whether the logits reach the output of the graph as they are, but for a softmax.
    fn check_behind(&self, layer: &Layer<'_>, notes: &mut Vec<String>) -> Result<()> {
        let mut behind = Vec::new();
        let mut reached: Vec<&str> = layer.last().outputs.iter().map(String::as_str).collect();
        // A graph lists its nodes in the order in which they are computed.
        for node in &self.tensors.graph.nodes {
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
            self.tensors.graph.outputs.is_empty()
                || self.tensors.graph.outputs.iter().any(|output| reached.contains(&output.name.as_str())),
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
        let is_quantized = node.op_type == "QGemm";
        let turned = flag("transB");
        let Matrix { rows, columns, numbers } = self.weights(node, if turned { 0 } else { 1 }, notes)?;
        let (mut weights, classes, features) = match turned {
            true => (numbers, rows, columns),
            false => (transposed(&numbers, columns), columns, rows),
        };
        let alpha = factor("alpha");
        weights.iter_mut().for_each(|weight| *weight *= alpha);
        let bias = node.inputs.get(if is_quantized { 6 } else { 2 }).filter(|name| !name.is_empty());
        let mut bias = match bias {
            Some(name) if is_quantized => {
                let scale = |at: usize| node.inputs.get(at).map_or("", String::as_str);
                let bias = scaled_bias(&self.tensors, self.tensors.constant(name)?, scale(1), scale(4), notes)?;
                one_a_class(name, bias, classes)?
            }
            Some(name) => self.bias(name, classes, notes)?,
            None => vec![0.0; classes],
        };
        // A QGemm scales its sum, biases among it, by alpha.
        let beta = if is_quantized { alpha } else { factor("beta") };
        bias.iter_mut().for_each(|bias| *bias *= beta);
        Ok((weights, bias, features))
    }

    /// `A B`, and the Add behind it.
    fn product(&self, layer: &Layer<'_>, notes: &mut Vec<String>) -> Result<(Vec<f32>, Vec<f32>, usize)> {
        let (inputs, place) = (&layer.node.inputs, weights_of(layer.node));
        let is_constant =
            |at: usize| inputs.get(at).is_some_and(|name| self.tensors.constants.contains_key(name.as_str()));
        ensure!(
            !is_constant(0) || is_constant(place),
            "its matrix stands left of the features: write it as a Gemm, or transposed"
        );
        let Matrix { rows: features, columns: classes, numbers } = self.weights(layer.node, 1, notes)?;
        let bias = match layer.add {
            None => vec![0.0; classes],
            Some(add) => {
                let place = self.tensors.fixed_summand(add).context("the sum behind it has no constant")?;
                let input = |at: usize| add.inputs.get(at).map(String::as_str);
                let name = input(place).unwrap_or_default();
                if add.op_type == "QLinearAdd" {
                    let scale = input(place + 1).context("its bias has no scale")?;
                    let scaling = Scaling { scale, zero_point: input(place + 2), axis: 0 };
                    let found = dequantized(&self.tensors, self.tensors.constant(name)?, &scaling, notes)?;
                    one_a_class(name, found.1, classes)?
                } else {
                    self.bias(name, classes, notes)?
                }
            }
        };
        Ok((transposed(&numbers, classes), bias, features))
    }

    /// The weights of a layer; `axis`: along which a quantised operator has its scales.
    fn weights(&self, node: &Node, axis: i64, notes: &mut Vec<String>) -> Result<Matrix> {
        let place = weights_of(node);
        let name = node.inputs.get(place).context("it has no weights")?;
        if place == 1 {
            return self.matrix(name, STEPS, notes);
        }
        let input = |at: usize| node.inputs.get(at).map(String::as_str);
        let scale = input(place + 1).context("its weights have no scale")?;
        let scaling = Scaling { scale, zero_point: input(place + 2), axis };
        notes.push(Scaling::NOTE.to_owned());
        let found = dequantized(&self.tensors, self.tensors.constant(name)?, &scaling, notes)?;
        matrix_of(name, found)
    }

    /// The matrix of this name: a constant, or what is made of one by transposing it or by its scales.
    fn matrix(&self, name: &str, steps: usize, notes: &mut Vec<String>) -> Result<Matrix> {
        let producer = self.tensors.producer(name).filter(|node| node.op_type != "Constant");
        let Some(node) = producer else { return matrix_of(name, numbers(self.tensors.constant(name)?, notes)?) };
        let source = node.inputs.first().map_or("", String::as_str);
        match (node.op_type.as_str(), steps) {
            ("Transpose" | "Identity", 1..) => {
                let found = self.matrix(source, steps - 1, notes)?;
                Ok(match node.op_type == "Transpose" {
                    true => Matrix {
                        rows: found.columns,
                        columns: found.rows,
                        numbers: transposed(&found.numbers, found.columns),
                    },
                    false => found,
                })
            }
            ("DequantizeLinear", _) => matrix_of(name, self.scaled(node, notes)?),
            (kind, _) => bail!(
                "its weights `{name}` are no constant, but made by {kind}: export the model with constants folded"
            ),
        }
    }

    /// The floats that a DequantizeLinear computes of a constant.
    fn scaled(&self, node: &Node, notes: &mut Vec<String>) -> Result<(Vec<usize>, Vec<f32>)> {
        let input = |at: usize| node.inputs.get(at).map(String::as_str);
        let axis = node.attributes.iter().find(|attribute| attribute.name == "axis").map_or(1, |axis| axis.i);
        let scale = input(1).context("a DequantizeLinear has no scale")?;
        let tensor = self.tensors.constant(input(0).unwrap_or_default())?;
        // A vector has the one axis, whatever the default is.
        let axis = if tensor.dims.len() == 1 { 0 } else { axis };
        dequantized(&self.tensors, tensor, &Scaling { scale, zero_point: input(2), axis }, notes)
    }

    /// One number a class; a single one is that of all.
    fn bias(&self, name: &str, classes: usize, notes: &mut Vec<String>) -> Result<Vec<f32>> {
        let producer = self.tensors.producer(name).filter(|node| node.op_type == "DequantizeLinear");
        let (_, numbers) = match producer {
            Some(node) => self.scaled(node, notes)?,
            None => numbers(self.tensors.constant(name)?, notes)?,
        };
        one_a_class(name, numbers, classes)
    }
}

/// The place of a layer's weights among its inputs.
fn weights_of(node: &Node) -> usize {
    if node.op_type.starts_with('Q') { 3 } else { 1 }
}

fn matrix_of(name: &str, (shape, numbers): (Vec<usize>, Vec<f32>)) -> Result<Matrix> {
    let &[rows, columns] = shape.as_slice() else {
        bail!("its weights `{name}` have the shape {shape:?}, but must be a matrix")
    };
    Ok(Matrix { rows, columns, numbers })
}

fn one_a_class(name: &str, numbers: Vec<f32>, classes: usize) -> Result<Vec<f32>> {
    match numbers.len() {
        1 => Ok(vec![numbers[0]; classes]),
        count if count == classes => Ok(numbers),
        count => bail!("its bias `{name}` has {count} numbers, but must have one for each of {classes} classes"),
    }
}

/// The shape of a tensor that is in the file, and the number of its elements.
fn shape_of(tensor: &Tensor) -> Result<(Vec<usize>, usize)> {
    let name = &tensor.name;
    ensure!(
        tensor.data_location != 1,
        "`{name}` lies in another file (external data): put it into this one by onnx.save(onnx.load(file), other)"
    );
    let sizes = tensor.dims.iter().map(|size| usize::try_from(*size));
    let shape: Vec<usize> =
        sizes.collect::<Result<_, _>>().with_context(|| format!("`{name}` has the shape {:?}", tensor.dims))?;
    let count = check_size(&shape).with_context(|| format!("`{name}`"))?;
    Ok((shape, count))
}

/// The shape and the numbers of a tensor, finite.
fn numbers(tensor: &Tensor, notes: &mut Vec<String>) -> Result<(Vec<usize>, Vec<f32>)> {
    let name = &tensor.name;
    let (shape, count) = shape_of(tensor)?;
    let (kind, type_name) = match tensor.data_type {
        1 => (Kind::F32, "float32"),
        10 => (Kind::F16, "float16"),
        11 => (Kind::F64, "float64"),
        16 => (Kind::Bf16, "bfloat16"),
        2 | 3 => bail!("`{name}` is in integers without a scale: export the model with DequantizeLinear, or in float"),
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
