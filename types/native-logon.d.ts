// What the native addon gives to lib/: see native.d.ts.
export interface NativeLogon {}
