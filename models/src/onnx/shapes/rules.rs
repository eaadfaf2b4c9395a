//! One rule an operator, or a group of them.

use super::{Call, Known, Outcome, VALUES_MAX, axis, length, stored, windows};

/// Largest number that shapes are computed with.
const NUMBER_MAX: f64 = i32::MAX as f64;

/// Bounds of what a node gives.
pub(super) fn results(call: &Call<'_>) -> Outcome {
    match call.operator() {
        "Abs"
        | "BatchNormalization"
        | "Ceil"
        | "Clip"
        | "Elu"
        | "Erf"
        | "Exp"
        | "Floor"
        | "Gelu"
        | "GroupNormalization"
        | "HardSigmoid"
        | "HardSwish"
        | "InstanceNormalization"
        | "LeakyRelu"
        | "Log"
        | "Mish"
        | "Neg"
        | "Not"
        | "Reciprocal"
        | "Relu"
        | "Round"
        | "Sigmoid"
        | "Sign"
        | "Softmax"
        | "Softplus"
        | "Sqrt"
        | "Tanh"
        | "DequantizeLinear"
        | "QuantizeLinear" => Ok(vec![Known::of(call.input(0)?.dims.clone())]),
        "LayerNormalization" => Ok(vec![Known::of(call.input(0)?.dims.clone()); 3]),
        "Cast" => cast(call),
        "Identity" => Ok(vec![call.input(0)?.clone()]),
        "Add" | "Div" | "Equal" | "Greater" | "GreaterOrEqual" | "Less" | "LessOrEqual" | "Max" | "Min"
        | "Mul" | "PRelu" | "Pow" | "Sub" | "Sum" | "Where" => together(call),
        "ArgMax" => Ok(vec![reduced(call, Some(vec![call.int_or("axis", 0)]))?]),
        "ReduceMax" | "ReduceMean" | "ReduceMin" | "ReduceSum" => {
            Ok(vec![reduced(call, call.ints_or_input("axes", 1)?)?])
        }
        "AveragePool" | "MaxPool" => windows::pool(call),
        "Conv" => windows::conv(call),
        "ConvTranspose" => windows::conv_transpose(call),
        "DepthToSpace" => windows::blocks(call, true),
        "SpaceToDepth" => windows::blocks(call, false),
        "GlobalAveragePool" | "GlobalMaxPool" => windows::global(call),
        "Pad" => windows::pad(call),
        "Resize" => windows::resize(call),
        _ => arranged(call),
    }
}

/// Operators that move numbers about, and products of matrices.
fn arranged(call: &Call<'_>) -> Outcome {
    match call.operator() {
        "Concat" => concat(call),
        "Constant" => constant(call),
        "Expand" => expand(call),
        "Flatten" => flatten(call),
        "Gather" => gather(call),
        "Gemm" => gemm(call),
        "MatMul" => matmul(call),
        "Reshape" => reshape(call),
        "Shape" => shape(call),
        "Slice" => slice(call),
        "Split" => split(call),
        "Squeeze" => squeeze(call),
        "Tile" => tile(call),
        "TopK" => top(call),
        "Transpose" => transpose(call),
        "Unsqueeze" => unsqueeze(call),
        _ => Err("has no bound".to_owned()),
    }
}

/// Shapes laid over each other from the last axis on; an axis of one is repeated.
fn broadcast(shapes: &[&[u64]]) -> Vec<u64> {
    let axes = shapes.iter().map(|dims| dims.len()).max().unwrap_or(0);
    let at = |from_end: usize| shapes.iter().filter_map(move |dims| dims.iter().rev().nth(from_end)).copied();
    // Of two lengths other than one the longer bounds both; an empty axis stays as it is only beside ones.
    let dim = |from_end: usize| {
        at(from_end).filter(|dim| *dim != 1).max().or_else(|| at(from_end).max()).unwrap_or(1)
    };
    (0..axes).rev().map(dim).collect()
}

fn together(call: &Call<'_>) -> Outcome {
    let inputs: Vec<&Known> =
        (0..call.inputs.len()).map(|index| call.input(index)).collect::<Result<_, _>>()?;
    let shapes: Vec<&[u64]> = inputs.iter().map(|input| input.dims.as_slice()).collect();
    let dims = broadcast(&shapes);
    Ok(vec![Known { values: computed(call.operator(), &inputs, &dims), exact: true, dims }])
}

/// Numbers stay known as 32- and 64-bit integers (6, 7); other types may round or wrap them.
fn cast(call: &Call<'_>) -> Outcome {
    let input = call.input(0)?;
    let whole = |list: &Vec<f64>| list.iter().map(|value| value.trunc()).collect();
    let kept = matches!(call.int("to"), Some(6 | 7)).then_some(input.values.as_ref()).flatten();
    let small = kept.filter(|list| list.iter().all(|value| value.abs() <= NUMBER_MAX));
    Ok(vec![Known { dims: input.dims.clone(), exact: true, values: small.map(whole) }])
}

/// The numbers of an operator on few known numbers.
fn computed(operator: &str, inputs: &[&Known], dims: &[u64]) -> Option<Vec<f64>> {
    let count = match dims {
        [] => 1,
        [only] if *only <= VALUES_MAX as u64 => *only as usize,
        _ => return None,
    };
    let lists: Vec<&[f64]> = inputs.iter().map(|input| input.values.as_deref()).collect::<Option<_>>()?;
    let fits = |list: &&[f64]| list.len() == count || list.len() == 1;
    if !lists.iter().all(fits) {
        return None;
    }
    let at = |list: &[f64], index: usize| list.get(index).or_else(|| list.first()).copied();
    let number = |index: usize| {
        let (a, b) = (at(lists.first()?, index)?, lists.get(1).and_then(|list| at(list, index)));
        Some(match operator {
            "Add" => a + b?,
            "Sub" => a - b?,
            "Mul" => a * b?,
            // Where it leaves a rest, whole numbers and others part.
            "Div" => Some(a / b?).filter(|ratio| ratio.fract().abs() < f64::EPSILON)?,
            "Equal" => f64::from(u8::from((a - b?).abs() < 0.5)),
            "Where" => {
                if a.abs() < 0.5 {
                    at(lists.get(2)?, index)?
                } else {
                    b?
                }
            }
            _ => return None,
        })
    };
    // Larger numbers may wrap around in the model.
    let sane = |value: &f64| value.abs() <= NUMBER_MAX;
    let small = lists.iter().all(|list| list.iter().all(sane));
    let computed: Option<Vec<f64>> = (0..count).map(number).collect();
    computed.filter(|list| small && list.iter().all(sane))
}

fn reduced(call: &Call<'_>, axes: Option<Vec<i64>>) -> Result<Known, String> {
    let dims = &call.input(0)?.dims;
    let axes = axes.filter(|axes| !axes.is_empty());
    let axes: Vec<usize> = match axes {
        Some(axes) => axes.iter().map(|at| axis(*at, dims.len())).collect::<Result<_, _>>()?,
        None if call.int_or("noop_with_empty_axes", 0) != 0 => Vec::new(),
        None => (0..dims.len()).collect(),
    };
    let kept = call.int_or("keepdims", 1) != 0;
    let of = |(at, dim): (usize, &u64)| match (axes.contains(&at), kept) {
        (false, _) => Some(*dim),
        (true, true) => Some(1),
        (true, false) => None,
    };
    Ok(Known::of(dims.iter().enumerate().filter_map(of).collect::<Vec<_>>()))
}

fn concat(call: &Call<'_>) -> Outcome {
    let inputs: Vec<&Known> =
        (0..call.inputs.len()).map(|index| call.input(index)).collect::<Result<_, _>>()?;
    let first = inputs.first().ok_or("joins nothing")?;
    let along = axis(call.int("axis").ok_or("has no axis")?, first.dims.len())?;
    let mut dims = first.dims.clone();
    for input in inputs.iter().skip(1) {
        if input.dims.len() != dims.len() {
            return Err(format!("joins {dims:?} and {:?}", input.dims));
        }
        for (at, (dim, more)) in dims.iter_mut().zip(&input.dims).enumerate() {
            *dim = if at == along { dim.saturating_add(*more) } else { (*dim).max(*more) };
        }
    }
    let values: Option<Vec<f64>> = (dims.len() == 1)
        .then(|| inputs.iter().map(|input| input.values.clone()).collect::<Option<Vec<_>>>())
        .flatten()
        .map(|lists| lists.concat());
    Ok(vec![Known { dims, exact: true, values }])
}

fn constant(call: &Call<'_>) -> Outcome {
    if let Some(tensor) = call.node.tensors.first() {
        return Ok(vec![stored(tensor)]);
    }
    match call.node.attributes.as_slice() {
        [only] if only.name == "value_int" => {
            Ok(vec![Known { dims: vec![], exact: true, values: only.int.map(|i| vec![i as f64]) }])
        }
        [only] if only.name == "value_ints" => {
            Ok(vec![Known::list(only.ints.iter().map(|i| *i as f64).collect())])
        }
        [only] if only.name == "value_float" => Ok(vec![Known::of([])]),
        [only] if only.name == "value_floats" => Ok(vec![Known::of([only.floats])]),
        _ => Err("holds no numbers".to_owned()),
    }
}

fn expand(call: &Call<'_>) -> Outcome {
    let wanted: Vec<u64> = call.values(1)?.iter().map(|side| length(*side)).collect::<Result<_, _>>()?;
    Ok(vec![Known::of(broadcast(&[&call.input(0)?.dims, &wanted]))])
}

fn flatten(call: &Call<'_>) -> Outcome {
    let input = call.input(0)?;
    let at = call.int_or("axis", 1);
    let at = if at == input.dims.len() as i64 { input.dims.len() } else { axis(at, input.dims.len())? };
    let rows: u64 = input.dims.iter().take(at).fold(1, |count: u64, dim| count.saturating_mul(*dim));
    let columns: u64 = input.dims.iter().skip(at).fold(1, |count: u64, dim| count.saturating_mul(*dim));
    Ok(vec![Known::of([rows, columns])])
}

fn gather(call: &Call<'_>) -> Outcome {
    let (data, indices) = (call.input(0)?, call.input(1)?);
    let at = axis(call.int_or("axis", 0), data.dims.len())?;
    let (before, rest) = data.dims.split_at(at);
    let after = rest.get(1..).unwrap_or_default();
    let dims = [before, indices.dims.as_slice(), after].concat();
    let pick = |index: &f64| -> Option<f64> {
        let list = data.values.as_ref()?;
        let at = axis(*index as i64, list.len()).ok()?;
        list.get(at).copied()
    };
    let picked = indices.values.as_ref().filter(|_| data.dims.len() == 1);
    let values = picked.and_then(|indices| indices.iter().map(pick).collect());
    Ok(vec![Known { dims, exact: true, values }])
}

fn gemm(call: &Call<'_>) -> Outcome {
    let side = |index: usize, turned: &str, first: bool| -> Result<u64, String> {
        let turned = call.int_or(turned, 0) != 0;
        match *call.input(index)?.dims.as_slice() {
            [rows, columns] => Ok(if first == turned { columns } else { rows }),
            ref dims => Err(format!("multiplies {dims:?}")),
        }
    };
    Ok(vec![Known::of([side(0, "transA", true)?, side(1, "transB", false)?])])
}

fn matmul(call: &Call<'_>) -> Outcome {
    let (a, b) = (&call.input(0)?.dims, &call.input(1)?.dims);
    let (Some((_, a_rest)), Some((_, b_rest))) = (a.split_last(), b.split_last()) else {
        return Err(format!("multiplies {a:?} and {b:?}"));
    };
    let rows = a_rest.last().copied();
    let columns = if b_rest.is_empty() { None } else { b.last().copied() };
    let batch = |rest: &[u64]| rest.split_last().map_or_else(Vec::new, |(_, batch)| batch.to_vec());
    let mut dims = broadcast(&[&batch(a_rest), &batch(b_rest)]);
    dims.extend(rows.into_iter().chain(columns));
    Ok(vec![Known::of(dims)])
}

fn reshape(call: &Call<'_>) -> Outcome {
    let input = call.input(0)?;
    let wanted = call.values(1)?;
    let keep = call.int_or("allowzero", 0) == 0;
    let mut dims: Vec<Option<u64>> = Vec::new();
    for (at, side) in wanted.iter().enumerate() {
        dims.push(match *side as i64 {
            -1 => None,
            0 if keep => Some(*input.dims.get(at).ok_or("keeps an axis that is not there")?),
            _ => Some(length(*side)?),
        });
    }
    let fixed = dims.iter().flatten().fold(1_u64, |count, dim| count.saturating_mul(*dim)).max(1);
    let open = dims.iter().filter(|dim| dim.is_none()).count();
    let elements = input.elements();
    if open > 1 || fixed > elements.max(1) {
        return Err(format!("turns {:?} into {wanted:?}", input.dims));
    }
    let dims: Vec<u64> = dims.into_iter().map(|dim| dim.unwrap_or(elements.div_ceil(fixed))).collect();
    Ok(vec![Known { dims, exact: true, values: input.values.clone() }])
}

fn shape(call: &Call<'_>) -> Outcome {
    let input = call.input(0)?;
    let dims = &input.dims;
    let clamp =
        |at: i64| (if at < 0 { at + dims.len() as i64 } else { at }).clamp(0, dims.len() as i64) as usize;
    let (start, end) = (clamp(call.int_or("start", 0)), clamp(call.int_or("end", dims.len() as i64)));
    let kept = dims.iter().take(end).skip(start).map(|dim| *dim as f64);
    let list = Known::list(kept.collect());
    let values = list.values.filter(|_| input.exact);
    Ok(vec![Known { dims: list.dims, exact: true, values }])
}

fn slice(call: &Call<'_>) -> Outcome {
    let input = call.input(0)?;
    let count = |index: usize| call.values(index).map(<[f64]>::to_vec);
    let (Ok(starts), Ok(ends)) = (count(1), count(2)) else {
        // A part is never longer than the whole.
        return Ok(vec![Known::of(input.dims.clone()).at_most()]);
    };
    let usual = (0..starts.len()).map(|at| at as f64).collect();
    let axes = if call.optional(3).is_some() { count(3)? } else { usual };
    let steps = if call.optional(4).is_some() { count(4)? } else { vec![1.0; starts.len()] };
    let (mut dims, mut exact) = (input.dims.clone(), true);
    let mut values = input.values.clone().filter(|_| dims.len() == 1);
    for ((at, step), (start, end)) in axes.iter().zip(steps).zip(starts.iter().zip(ends)) {
        let at = axis(*at as i64, dims.len())?;
        let dim = dims.get_mut(at).ok_or("has no such axis")?;
        if step < 1.0 {
            (values, exact) = (None, false);
            continue;
        }
        let whole = *dim as f64;
        let place = |at: f64| (if at < 0.0 { at + whole } else { at }).clamp(0.0, whole);
        let (from, to) = (place(*start), place(end));
        *dim = ((to - from).max(0.0) / step).ceil() as u64;
        let part = |list: Vec<f64>| {
            list.into_iter().take(to as usize).skip(from as usize).step_by(step as usize).collect()
        };
        values = values.map(part);
    }
    Ok(vec![Known { dims, exact, values }])
}

fn split(call: &Call<'_>) -> Outcome {
    let input = call.input(0)?;
    let at = axis(call.int_or("axis", 0), input.dims.len())?;
    let parts = call.ints_or_input("split", 1)?;
    let whole = input.dims.get(at).copied().unwrap_or(0);
    let outputs = call.node.outputs.len();
    let part = |index: usize| {
        let given = parts.as_ref().and_then(|parts| parts.get(index));
        let part =
            given.map_or(whole.div_ceil(outputs.max(1) as u64), |part| u64::try_from(*part).unwrap_or(0));
        let mut dims = input.dims.clone();
        dims.iter_mut().skip(at).take(1).for_each(|dim| *dim = part.min(whole));
        let even = given.is_some() || whole.is_multiple_of(outputs.max(1) as u64);
        if even { Known::of(dims) } else { Known::of(dims).at_most() }
    };
    Ok((0..outputs).map(part).collect())
}

fn squeeze(call: &Call<'_>) -> Outcome {
    let input = call.input(0)?;
    let gone: Option<Vec<usize>> = match call.ints_or_input("axes", 1)? {
        Some(axes) => Some(axes.iter().map(|at| axis(*at, input.dims.len())).collect::<Result<_, _>>()?),
        None => None,
    };
    let kept = |(at, dim): &(usize, &u64)| gone.as_ref().map_or(**dim != 1, |gone| !gone.contains(at));
    let dims: Vec<u64> = input.dims.iter().enumerate().filter(kept).map(|(_, dim)| *dim).collect();
    if dims.iter().fold(1, |count: u64, dim| count.saturating_mul(*dim)) < input.elements() {
        return Err(format!("drops axes of {:?} that are longer than one", input.dims));
    }
    Ok(vec![Known { dims, exact: true, values: input.values.clone() }])
}

fn unsqueeze(call: &Call<'_>) -> Outcome {
    let input = call.input(0)?;
    let axes = call.ints_or_input("axes", 1)?.ok_or("has no axes")?;
    let all = input.dims.len() + axes.len();
    let new: Vec<usize> = axes.iter().map(|at| axis(*at, all)).collect::<Result<_, _>>()?;
    let mut old = input.dims.iter();
    let dim = |at: usize| if new.contains(&at) { Some(1) } else { old.next().copied() };
    let dims = (0..all).map(dim).collect::<Option<Vec<u64>>>().ok_or("names an axis twice")?;
    Ok(vec![Known { dims, exact: true, values: input.values.clone() }])
}

fn tile(call: &Call<'_>) -> Outcome {
    let (dims, repeats) = (&call.input(0)?.dims, call.values(1)?);
    if repeats.len() != dims.len() {
        return Err(format!("{} repeats for {} axes", repeats.len(), dims.len()));
    }
    let tiled = dims.iter().zip(repeats).map(|(dim, times)| Ok(dim.saturating_mul(length(*times)?)));
    Ok(vec![Known::of(tiled.collect::<Result<Vec<u64>, String>>()?)])
}

fn top(call: &Call<'_>) -> Outcome {
    let mut dims = call.input(0)?.dims.clone();
    let at = axis(call.int_or("axis", -1), dims.len())?;
    let most = call.values(1).ok().and_then(|values| values.first().copied());
    if let (Some(most), Some(dim)) = (most, dims.get_mut(at)) {
        *dim = (*dim).min(length(most)?);
    }
    let best = Known::of(dims);
    let best = if most.is_some() { best } else { best.at_most() };
    Ok(vec![best.clone(), best])
}

fn transpose(call: &Call<'_>) -> Outcome {
    let dims = &call.input(0)?.dims;
    let Some(order) = call.ints("perm") else {
        return Ok(vec![Known::of(dims.iter().rev().copied().collect::<Vec<_>>())]);
    };
    let mut sorted = order.to_vec();
    sorted.sort_unstable();
    if !sorted.into_iter().eq(0..dims.len() as i64) {
        return Err(format!("{order:?} is no order of {} axes", dims.len()));
    }
    let at = |at: &i64| usize::try_from(*at).ok().and_then(|at| dims.get(at)).copied();
    Ok(vec![Known::of(order.iter().filter_map(at).collect::<Vec<_>>())])
}
