// A photo small enough for a bad line: at most 1600 pixels a side, JPEG.

const SIDE_PX = 1600;
const QUALITY = 0.82;

export async function shrink(file: Blob): Promise<Blob> {
  try {
    const picture = await createImageBitmap(file, { imageOrientation: 'from-image' });
    const scale = Math.min(1, SIDE_PX / Math.max(picture.width, picture.height));
    const canvas = document.createElement('canvas');
    canvas.width = Math.round(picture.width * scale);
    canvas.height = Math.round(picture.height * scale);
    canvas.getContext('2d')?.drawImage(picture, 0, 0, canvas.width, canvas.height);
    picture.close();
    const small = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/jpeg', QUALITY));
    return small && small.size < file.size ? small : file;
  } catch {
    return file;
  }
}

export interface Place {
  lat_deg: number;
  lon_deg: number;
  error_m: number;
}

/** Where the device is, or null when it does not say within the limit. */
export function locate(limit_millis = 12_000): Promise<Place | null> {
  return new Promise((resolve) => {
    if (!('geolocation' in navigator)) return resolve(null);
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => resolve({ lat_deg: coords.latitude, lon_deg: coords.longitude, error_m: coords.accuracy }),
      () => resolve(null),
      { enableHighAccuracy: true, timeout: limit_millis, maximumAge: 15_000 },
    );
  });
}
