//! TFLite: the last FULLY_CONNECTED of a graph, in float or int8. The numbers of fields are those of TensorFlow's `schema.fbs`, version 3.

mod table;

use anyhow::{Context, Result, bail, ensure};

use crate::arrays::{Kind, floats};
use crate::format::Options;
use crate::head::{Found, check_size};
use crate::integers::{Integers, Meaning};
use table::Table;

/// The fields that are read, by table.
mod field {
    pub(super) const MODEL_CODES: usize = 1;
    pub(super) const MODEL_SUBGRAPHS: usize = 2;
    pub(super) const MODEL_BUFFERS: usize = 4;
    /// Of codes below 127; those above are in the other field.
    pub(super) const CODE_OLD: usize = 0;
    pub(super) const CODE: usize = 3;
    pub(super) const GRAPH_TENSORS: usize = 0;
    pub(super) const GRAPH_OUTPUTS: usize = 2;
    pub(super) const GRAPH_OPERATORS: usize = 3;
    pub(super) const TENSOR_SHAPE: usize = 0;
    pub(super) const TENSOR_TYPE: usize = 1;
    pub(super) const TENSOR_BUFFER: usize = 2;
    pub(super) const TENSOR_NAME: usize = 3;
    pub(super) const TENSOR_QUANTIZATION: usize = 4;
    pub(super) const TENSOR_SPARSITY: usize = 6;
    pub(super) const QUANTIZATION_SCALE: usize = 2;
    pub(super) const QUANTIZATION_ZERO_POINT: usize = 3;
    pub(super) const QUANTIZATION_DIMENSION: usize = 6;
    pub(super) const OPERATOR_CODE: usize = 0;
    pub(super) const OPERATOR_INPUTS: usize = 1;
    pub(super) const OPERATOR_OUTPUTS: usize = 2;
    pub(super) const OPERATOR_OPTIONS: usize = 4;
    pub(super) const OPTIONS_ACTIVATION: usize = 0;
    pub(super) const OPTIONS_FORMAT: usize = 1;
    pub(super) const BUFFER_DATA: usize = 0;
    pub(super) const BUFFER_OFFSET: usize = 1;
}

const FULLY_CONNECTED: i32 = 9;

/// Operators that may stand behind the layer, by their codes: it changes no logit, or is the softmax that a device has anyway.
const BEHIND: [(i32, &str); 6] =
    [(6, "DEQUANTIZE"), (22, "RESHAPE"), (25, "SOFTMAX"), (50, "LOG_SOFTMAX"), (56, "ARG_MAX"), (114, "QUANTIZE")];

/// The types of elements that are read.
const FLOAT32: i8 = 0;
const FLOAT16: i8 = 1;
const INT32: i8 = 2;
const INT8: i8 = 9;

/// The head of a graph.
pub(crate) fn head(bytes: &[u8], options: &Options) -> Result<Found> {
    ensure!(bytes.get(4..8) == Some(b"TFL3"), "it is no .tflite file of version 3");
    let model = Table::root(bytes)?;
    let graphs = model.tables(field::MODEL_SUBGRAPHS)?;
    let graph = *graphs.first().context("it has no graph")?;
    let codes = model.tables(field::MODEL_CODES)?.iter().map(code).collect::<Result<Vec<i32>>>()?;
    let file = File {
        codes,
        buffers: model.tables(field::MODEL_BUFFERS)?,
        tensors: graph.tables(field::GRAPH_TENSORS)?,
        operators: graph.tables(field::GRAPH_OPERATORS)?,
        outputs: ints(&graph, field::GRAPH_OUTPUTS)?,
    };
    file.head(options)
}

fn code(table: &Table<'_>) -> Result<i32> {
    Ok(table.int(field::CODE)?.max(i32::from(table.byte(field::CODE_OLD)?)))
}

fn ints(table: &Table<'_>, number: usize) -> Result<Vec<i32>> {
    Ok(table.numbers(number)?.iter().map(|bytes| i32::from_le_bytes(*bytes)).collect())
}

struct File<'a> {
    codes: Vec<i32>,
    buffers: Vec<Table<'a>>,
    tensors: Vec<Table<'a>>,
    operators: Vec<Table<'a>>,
    outputs: Vec<i32>,
}

/// A tensor that is stored in the file.
struct Tensor<'a> {
    name: String,
    kind: i8,
    shape: Vec<usize>,
    bytes: &'a [[u8; 1]],
    scales: Vec<f32>,
    zero_points: Vec<i64>,
    dimension: i32,
}

impl<'a> File<'a> {
    fn head(&self, options: &Options) -> Result<Found> {
        let codes: Vec<i32> = self.operators.iter().map(|operator| self.code(operator)).collect::<Result<_>>()?;
        let layers: Vec<usize> = (0..codes.len()).filter(|at| codes[*at] == FULLY_CONNECTED).collect();
        let names: Vec<String> = layers.iter().map(|at| self.name(*at)).collect::<Result<_>>()?;
        let all = || names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let mut notes = Vec::new();
        let at = match &options.layer {
            Some(wanted) => {
                let found = names.iter().position(|name| name == wanted);
                found.with_context(|| format!("it has no FULLY_CONNECTED `{wanted}`, but {}", all()))?
            }
            None => {
                ensure!(!layers.is_empty(), "it has no FULLY_CONNECTED; the codes of its operators are {codes:?}");
                if layers.len() > 1 {
                    notes.push(format!(
                        "it has {} dense layers, {}, of which the last was taken: another by --layer",
                        layers.len(),
                        all()
                    ));
                }
                layers.len() - 1
            }
        };
        if options.layer.is_none() {
            self.check_behind(layers[at], &codes, &names[at], &mut notes)?;
        }
        let name = &names[at];
        let mut found = self.layer(&self.operators[layers[at]], notes).with_context(|| format!("layer `{name}`"))?;
        let (classes, features) = (found.head.classes(), found.head.features());
        let kind = if found.integers.is_some() { ", int8" } else { "" };
        found
            .notes
            .insert(0, format!("taken: `{name}`, a FULLY_CONNECTED{kind}, {classes} classes of {features} features"));
        Ok(found)
    }

    fn code(&self, operator: &Table<'_>) -> Result<i32> {
        let index = operator.int(field::OPERATOR_CODE)?;
        let code = usize::try_from(index).ok().and_then(|index| self.codes.get(index));
        code.copied().with_context(|| format!("it is damaged: it has no operator code {index}"))
    }

    /// The name of the output of an operator.
    fn name(&self, operator: usize) -> Result<String> {
        let outputs = ints(&self.operators[operator], field::OPERATOR_OUTPUTS)?;
        self.info(outputs.first().copied())?.text(field::TENSOR_NAME)
    }

    fn info(&self, index: Option<i32>) -> Result<&Table<'a>> {
        let index = index.filter(|index| *index >= 0).context("it lacks an input or output")?;
        self.tensors.get(index as usize).with_context(|| format!("it is damaged: it has no tensor {index}"))
    }

    /// Whether the logits reach the output of the graph as they are, but for a softmax.
    fn check_behind(&self, layer: usize, codes: &[i32], name: &str, notes: &mut Vec<String>) -> Result<()> {
        let mut reached = ints(&self.operators[layer], field::OPERATOR_OUTPUTS)?;
        let mut behind = Vec::new();
        for (operator, code) in self.operators.iter().zip(codes).skip(layer + 1) {
            if ints(operator, field::OPERATOR_INPUTS)?.iter().any(|input| reached.contains(input)) {
                let known = BEHIND.iter().find(|(known, _)| known == code);
                let (_, operator_name) = known.with_context(|| {
                    format!("behind its last dense layer `{name}` comes the operator {code}, so that layer does not give the logits: say by --layer which one does")
                })?;
                behind.push(*operator_name);
                reached.extend(ints(operator, field::OPERATOR_OUTPUTS)?);
            }
        }
        ensure!(
            self.outputs.is_empty() || self.outputs.iter().any(|output| reached.contains(output)),
            "its last dense layer `{name}` does not lead to an output of the graph: say by --layer which one gives the logits"
        );
        if !behind.is_empty() {
            notes.push(format!("left out, behind the layer: {}", behind.join(", ")));
        }
        Ok(())
    }

    fn layer(&self, operator: &Table<'_>, notes: Vec<String>) -> Result<Found> {
        if let Some(options) = operator.table(field::OPERATOR_OPTIONS)? {
            let activation = options.byte(field::OPTIONS_ACTIVATION)?;
            ensure!(
                activation == 0,
                "an activation (number {activation}) is fused into it, so it does not give logits"
            );
            ensure!(options.byte(field::OPTIONS_FORMAT)? == 0, "its weights are shuffled: convert the model without");
        }
        let inputs = ints(operator, field::OPERATOR_INPUTS)?;
        let outputs = ints(operator, field::OPERATOR_OUTPUTS)?;
        let weights = self.tensor(inputs.get(1).copied())?;
        let &[classes, features] = weights.shape.as_slice() else {
            bail!("its weights `{}` have the shape {:?}, but must be a matrix", weights.name, weights.shape)
        };
        let bias = match inputs.get(2) {
            None | Some(-1) => None,
            index => Some(self.tensor(index.copied())?),
        };
        if let Some(bias) = &bias {
            ensure!(
                bias.shape == [classes],
                "its bias `{}` has the shape {:?}, but must be [{classes}]",
                bias.name,
                bias.shape
            );
        }
        match weights.kind {
            FLOAT32 | FLOAT16 => {
                let bias = bias.map_or(Ok(vec![0.0; classes]), |bias| bias.floats())?;
                Found::of_layer(weights.floats()?, bias, features, notes)
            }
            INT8 => {
                let integers =
                    self.integers(&weights, bias.as_ref(), inputs.first().copied(), outputs.first().copied())?;
                Ok(Found { head: integers.to_head()?, integers: Some(integers), notes })
            }
            other => bail!("its weights are of TFLite's type {other}, but must be float32, float16 or int8"),
        }
    }

    fn integers(
        &self,
        weights: &Tensor<'_>,
        bias: Option<&Tensor<'_>>,
        input: Option<i32>,
        output: Option<i32>,
    ) -> Result<Integers> {
        let &[classes, features] = weights.shape.as_slice() else { bail!("its weights are no matrix") };
        ensure!(classes > 1, "it has one int8 row: convert the model in float");
        ensure!(
            weights.zero_points.iter().all(|zero| *zero == 0),
            "its weights have a zero point other than 0: convert them symmetrically"
        );
        let scales = match weights.scales.len() {
            1 => vec![weights.scales[0]; classes],
            count if count == classes && weights.dimension == 0 => weights.scales.clone(),
            count => bail!(
                "its weights have {count} scales along dimension {}, but must have one, or one for each of {classes} classes along dimension 0",
                weights.dimension
            ),
        };
        let meaning = |index: Option<i32>, what: &str| {
            let info = self.info(index)?;
            let (scales, zeros, _) = quantization(info)?;
            let is_int8 = info.byte(field::TENSOR_TYPE)? == INT8;
            ensure!(
                is_int8 && scales.len() == 1,
                "its {what} are not int8 with one scale: a model whose weights alone are int8 is not read, convert it in float or all in int8"
            );
            let zero = zeros.first().copied().unwrap_or_default();
            Meaning::new(scales[0], i32::try_from(zero).with_context(|| format!("its zero point is {zero}"))?)
        };
        let (input, output) = (meaning(input, "features")?, meaning(output, "logits")?);
        let bias = match bias {
            None => vec![0; classes],
            Some(bias) => {
                ensure!(bias.kind == INT32, "its bias is of TFLite's type {}, but must be int32", bias.kind);
                let (numbers, rest) = bias.bytes.as_flattened().as_chunks();
                ensure!(
                    numbers.len() == classes && rest.is_empty(),
                    "its bias has {} bytes, not those of {classes} int32",
                    bias.bytes.len()
                );
                numbers.iter().map(|bytes| i32::from_le_bytes(*bytes)).collect()
            }
        };
        let numbers: Vec<i8> = weights.bytes.iter().map(|byte| i8::from_le_bytes(*byte)).collect();
        Integers::new(numbers, scales, bias, features, input, output)
    }

    fn tensor(&self, index: Option<i32>) -> Result<Tensor<'a>> {
        let info = self.info(index)?;
        let name = info.text(field::TENSOR_NAME)?;
        ensure!(!info.has(field::TENSOR_SPARSITY)?, "`{name}` is sparse: convert the model dense");
        let sizes = ints(info, field::TENSOR_SHAPE)?.into_iter().map(usize::try_from);
        let shape: Vec<usize> =
            sizes.collect::<Result<_, _>>().with_context(|| format!("`{name}` has a dynamic shape"))?;
        check_size(&shape).with_context(|| format!("`{name}`"))?;
        let buffer = info.int(field::TENSOR_BUFFER)?;
        let buffer = usize::try_from(buffer).ok().and_then(|buffer| self.buffers.get(buffer));
        let buffer = buffer.with_context(|| format!("it is damaged: `{name}` has no buffer"))?;
        ensure!(
            !buffer.has(field::BUFFER_OFFSET)?,
            "`{name}` lies behind the graph, as in files beyond 2 GB: that is not read"
        );
        let bytes = buffer.numbers(field::BUFFER_DATA)?;
        ensure!(!bytes.is_empty(), "`{name}` is no constant of the graph: convert the model with its weights frozen");
        let (scales, zero_points, dimension) = quantization(info)?;
        Ok(Tensor { name, kind: info.byte(field::TENSOR_TYPE)?, shape, bytes, scales, zero_points, dimension })
    }
}

/// Scales, zero points, and the dimension along which there are several.
fn quantization(tensor: &Table<'_>) -> Result<(Vec<f32>, Vec<i64>, i32)> {
    let Some(table) = tensor.table(field::TENSOR_QUANTIZATION)? else { return Ok((Vec::new(), Vec::new(), 0)) };
    let scales = table.numbers(field::QUANTIZATION_SCALE)?.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
    let zeros = table.numbers(field::QUANTIZATION_ZERO_POINT)?.iter().map(|bytes| i64::from_le_bytes(*bytes)).collect();
    Ok((scales, zeros, table.int(field::QUANTIZATION_DIMENSION)?))
}

impl Tensor<'_> {
    fn floats(&self) -> Result<Vec<f32>> {
        let kind = match self.kind {
            FLOAT32 => Kind::F32,
            FLOAT16 => Kind::F16,
            other => bail!("`{}` is of TFLite's type {other}, but must be float32 or float16", self.name),
        };
        let (bytes, count) = (self.bytes.as_flattened(), check_size(&self.shape)?);
        ensure!(
            bytes.len() == count * kind.bytes(),
            "`{}` has {} bytes, not those of {:?}",
            self.name,
            bytes.len(),
            self.shape
        );
        let numbers = floats(bytes, kind);
        let columns = self.shape.last().copied().unwrap_or(1).max(1);
        if let Some(at) = numbers.iter().position(|number| !number.is_finite()) {
            bail!(
                "`{}`, row {}, column {} is {}, but must be finite",
                self.name,
                at / columns,
                at % columns,
                numbers[at]
            );
        }
        Ok(numbers)
    }
}
