// For --require: loads the package before the world, so that nothing is loaded before the package.
import 'impersonate';
import './world';
