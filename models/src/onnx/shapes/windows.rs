//! Convolutions, poolings, pads and resizes: what changes the sides of a picture.

use super::{Call, Known, Outcome, axis, length};

/// Longest kernel, stride, dilation or pad.
const REACH_MAX: i64 = 1 << 16;

/// `Conv`: `[N, C, sides]` with kernels `[M, C / group, sides]`.
pub(super) fn conv(call: &Call<'_>) -> Outcome {
    let kernels = &call.input(1)?.dims;
    let (count, sides) = match kernels.as_slice() {
        [count, _, sides @ ..] if !sides.is_empty() => (*count, sides),
        _ => return Err(format!("kernels of shape {kernels:?}")),
    };
    let (batch, input) = picture(call, sides.len())?;
    let out = slide(call, input, sides)?;
    Ok(vec![Known::of([&[batch, count], out.as_slice()].concat())])
}

/// `MaxPool` and `AveragePool`; the places of the maxima have the same shape.
pub(super) fn pool(call: &Call<'_>) -> Outcome {
    let kernel = call.ints("kernel_shape").ok_or("has no kernel_shape")?;
    let kernel: Vec<u64> = kernel.iter().map(|side| reach(*side, 1)).collect::<Result<_, _>>()?;
    let (batch, input) = picture(call, kernel.len())?;
    let planes = call.input(0)?.dims.get(1).copied().unwrap_or(0);
    let out = Known::of([&[batch, planes], slide(call, input, &kernel)?.as_slice()].concat());
    // Rounding up may be taken back where the last window lies in the padding.
    let out = if call.int_or("ceil_mode", 0) == 0 { out } else { out.at_most() };
    Ok(vec![out.clone(), out])
}

/// `ConvTranspose`: kernels are `[C, M / group, sides]`.
pub(super) fn conv_transpose(call: &Call<'_>) -> Outcome {
    let kernels = &call.input(1)?.dims;
    let (count, sides) = match kernels.as_slice() {
        [_, count, sides @ ..] if !sides.is_empty() => (*count, sides),
        _ => return Err(format!("kernels of shape {kernels:?}")),
    };
    let (batch, input) = picture(call, sides.len())?;
    let count = count.saturating_mul(reach(call.int_or("group", 1), 1)?);
    let mut out = vec![batch, count];
    let wanted = call.ints("output_shape");
    for (at, (input, kernel)) in input.iter().zip(sides).enumerate() {
        let [stride, dilation] = steps(call, at)?;
        // Pads only take away.
        let spread = input.saturating_sub(1).saturating_mul(stride);
        let side = spread.saturating_add(window(*kernel, dilation) + number(call, "output_padding", at, 0)?);
        out.push(wanted.and_then(|sides| sides.get(at)).map_or(Ok(side), |side| reach(*side, 1))?);
    }
    Ok(vec![Known::of(out).at_most()])
}

/// `Pad`; negative pads cut.
pub(super) fn pad(call: &Call<'_>) -> Outcome {
    let dims = &call.input(0)?.dims;
    let pads = call.ints_or_input("pads", 1)?.ok_or("has no pads")?;
    if pads.len() != dims.len() * 2 || call.optional(3).is_some() {
        return Err(format!("{} pads for {} axes", pads.len(), dims.len()));
    }
    let (begins, ends) = pads.split_at(dims.len());
    let padded = dims.iter().zip(begins.iter().zip(ends)).map(|(dim, (begin, end))| {
        if begin.unsigned_abs() > REACH_MAX as u64 || end.unsigned_abs() > REACH_MAX as u64 {
            return Err(format!("pads of {begin} and {end}"));
        }
        Ok(u64::try_from((*dim as i64).saturating_add(begin + end)).unwrap_or(0))
    });
    Ok(vec![Known::of(padded.collect::<Result<Vec<u64>, String>>()?)])
}

/// `Resize` by scales or to sizes.
pub(super) fn resize(call: &Call<'_>) -> Outcome {
    let dims = &call.input(0)?.dims;
    if call.ints("axes").is_some() || call.text("coordinate_transformation_mode") == b"tf_crop_and_resize" {
        return Err("resizes single axes or a crop".to_owned());
    }
    let mut exact = true;
    let given = |index: usize| call.optional(index).is_some_and(|input| input.dims != [0]);
    let sides = if given(3) {
        call.values(3)?.iter().map(|side| length(*side)).collect::<Result<Vec<_>, _>>()?
    } else {
        // The model rounds down in 32-bit floats, which may come out one longer or shorter than it is.
        let scaled = |(dim, scale): (&u64, &f64)| {
            let side = *dim as f64 * scale;
            exact &= side.fract().abs() < f64::EPSILON;
            length(side.ceil())
        };
        dims.iter().zip(call.values(2)?).map(scaled).collect::<Result<Vec<_>, _>>()?
    };
    if sides.len() != dims.len() {
        return Err(format!("{} sides for {} axes", sides.len(), dims.len()));
    }
    let sides = Known::of(sides);
    Ok(vec![if exact { sides } else { sides.at_most() }])
}

/// `DepthToSpace` (blocks are spread) and `SpaceToDepth` (blocks are gathered).
pub(super) fn blocks(call: &Call<'_>, spread: bool) -> Outcome {
    let block = reach(call.int_or("blocksize", 0), 1)?;
    let [batch, planes, height, width] = *call.input(0)?.dims.as_slice() else {
        return Err("wants four axes".to_owned());
    };
    let square = block.saturating_mul(block);
    let out = if spread {
        [batch, planes / square, height.saturating_mul(block), width.saturating_mul(block)]
    } else {
        [batch, planes.saturating_mul(square), height / block, width / block]
    };
    Ok(vec![Known::of(out)])
}

/// `GlobalAveragePool` and `GlobalMaxPool`.
pub(super) fn global(call: &Call<'_>) -> Outcome {
    let dims = &call.input(0)?.dims;
    axis(1, dims.len())?;
    Ok(vec![Known::of(
        dims.iter().enumerate().map(|(at, dim)| if at < 2 { *dim } else { 1 }).collect::<Vec<_>>(),
    )])
}

/// Batch and sides of input 0, which has as many sides as the kernel.
fn picture<'a>(call: &Call<'a>, sides: usize) -> Result<(u64, &'a [u64]), String> {
    match call.input(0)?.dims.as_slice() {
        [batch, _, input @ ..] if input.len() == sides => Ok((*batch, input)),
        dims => Err(format!("kernel of {sides} sides on {dims:?}")),
    }
}

/// Sides after a window has slid over them.
fn slide(call: &Call<'_>, input: &[u64], kernel: &[u64]) -> Result<Vec<u64>, String> {
    let same = call.text("auto_pad").starts_with(b"SAME");
    let up = call.int_or("ceil_mode", 0) != 0;
    let mut out = Vec::new();
    for (at, (side, kernel)) in input.iter().zip(kernel).enumerate() {
        let [stride, dilation] = steps(call, at)?;
        if same {
            out.push(side.div_ceil(stride));
            continue;
        }
        // All pads in front come first, then all behind.
        let pads = number(call, "pads", at, 0)? + number(call, "pads", at + input.len(), 0)?;
        let room = (side + pads).checked_sub(window(*kernel, dilation));
        let room = room.ok_or("has a window larger than its input")?;
        out.push(if up { room.div_ceil(stride) } else { room / stride } + 1);
    }
    Ok(out)
}

/// Stride and dilation of one side.
fn steps(call: &Call<'_>, at: usize) -> Result<[u64; 2], String> {
    let step = |name: &str| Ok::<_, String>(number(call, name, at, 1)?.max(1));
    Ok([step("strides")?, step("dilations")?])
}

/// One number of a list, or the usual one where there is no list.
fn number(call: &Call<'_>, name: &str, at: usize, usual: u64) -> Result<u64, String> {
    match call.ints(name) {
        None => Ok(usual),
        Some(ints) => reach(ints.get(at).copied().unwrap_or(0), 0),
    }
}

/// A kernel, stride, dilation or pad of a sane length.
fn reach(value: i64, least: i64) -> Result<u64, String> {
    if (least..=REACH_MAX).contains(&value) {
        return Ok(value as u64);
    }
    Err(format!("has {value} where {least} to {REACH_MAX} is sane"))
}

/// Pixels under a kernel with gaps.
fn window(kernel: u64, dilation: u64) -> u64 {
    kernel.saturating_sub(1).saturating_mul(dilation).saturating_add(1)
}
