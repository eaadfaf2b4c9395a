//! Positions written as `GPS(a,b,c)`, whose order differs between aircraft.

use gis::LatLon;

/// Which of the first two numbers comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Latitude, longitude.
    LatFirst,
    /// Longitude, latitude.
    LonFirst,
}

/// The numbers of one `GPS(..)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gps {
    /// Order of the first two.
    pub order: Order,
    /// Position; `None` without a fix (0/0).
    pub position: Option<LatLon>,
    /// Satellites in use.
    pub satellites: Option<i64>,
    /// Height of a datum that is not stated, metres.
    pub height_m: Option<f64>,
}

/// Reads the inside of `GPS(..)`.
///
/// The third number decides the order: a height (`0.0M`, `69.800`) follows latitude and longitude, a whole number is
/// the count of satellites and follows longitude and latitude. A first number beyond 90 can only be a longitude.
///
/// # Errors
/// A sentence that names the value which is no number or lies off the globe.
pub fn read(inside: &str) -> Result<Gps, String> {
    if says_not_available(inside) {
        return Ok(Gps { order: Order::LonFirst, position: None, satellites: None, height_m: None });
    }
    let mut parts = inside.split(',').map(str::trim);
    let (first, second) = (number("GPS", parts.next())?, number("GPS", parts.next())?);
    let third = parts.next().unwrap_or_default();
    let is_height = third.contains(['.', 'M', 'm']);
    let order = if is_height { Order::LatFirst } else { Order::LonFirst };
    let order = by_range(order, first, second);
    // The Matrice 300 writes a height of 0.0M throughout a flight: not a height.
    let height_m = height(third).filter(|&height| is_height && height != 0.0);
    let satellites = third.parse().ok();
    Ok(Gps { order, position: place(order, first, second)?, satellites, height_m })
}

/// Reads the inside of `HOME(..)`, in the order of the `GPS(..)` beside it; later numbers are ignored.
///
/// # Errors
/// As [`read`].
pub fn read_home(inside: &str, order: Order) -> Result<Option<LatLon>, String> {
    if says_not_available(inside) {
        return Ok(None);
    }
    let mut parts = inside.split(',').map(str::trim);
    let (first, second) = (number("HOME", parts.next())?, number("HOME", parts.next())?);
    place(by_range(order, first, second), first, second)
}

/// Returns the position, `None` for 0/0.
///
/// # Errors
/// A sentence that names the values when they lie off the globe.
pub fn position(lat_deg: f64, lon_deg: f64) -> Result<Option<LatLon>, String> {
    if lat_deg == 0.0 && lon_deg == 0.0 {
        return Ok(None);
    }
    LatLon::new(lat_deg, lon_deg)
        .map(Some)
        .ok_or_else(|| format!("latitude {lat_deg}, longitude {lon_deg} lie off the globe"))
}

fn place(order: Order, first: f64, second: f64) -> Result<Option<LatLon>, String> {
    match order {
        Order::LatFirst => position(first, second),
        Order::LonFirst => position(second, first),
    }
}

fn by_range(order: Order, first: f64, second: f64) -> Order {
    match (first.abs() > 90.0, second.abs() > 90.0) {
        (true, false) => Order::LonFirst,
        (false, true) => Order::LatFirst,
        _ => order,
    }
}

/// Without a fix some firmware writes `N/A`.
fn says_not_available(inside: &str) -> bool {
    inside.trim().to_ascii_lowercase().starts_with("n/a")
}

fn height(text: &str) -> Option<f64> {
    text.trim_end_matches(['M', 'm']).parse().ok().filter(|height: &f64| height.is_finite())
}

fn number(name: &str, text: Option<&str>) -> Result<f64, String> {
    let text = text.ok_or_else(|| format!("{name} holds fewer than two numbers"))?;
    text.parse()
        .ok()
        .filter(|value: &f64| value.is_finite())
        .ok_or_else(|| format!("{name} holds {text:?}, which is no number"))
}
