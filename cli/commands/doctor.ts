export const doctor = async () => {};
