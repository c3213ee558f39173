// Sets the security of COM twice, for items/com.mjs, and prints the outcomes.
import { initializeComSecurity } from 'impersonate';

for (let round = 0; round < 2; round++) {
  try {
    initializeComSecurity({ cloaking: 'dynamic' });
    console.log('done');
  } catch (error) {
    console.log(error.code);
  }
}
